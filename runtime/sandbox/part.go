package sandbox

import (
	"errors"

	"github.com/tetratelabs/wazero/api"
)

// part is a memory with its globals, of which an instance has one or two: the guest's own,
// and the heap beside it where the ABI is Extism's.
type part struct {
	module  api.Module
	memory  *memory
	globals []api.MutableGlobal
}

// frozen is what a part is at the beginning of every delivery.
type frozen struct {
	image   *image
	globals []uint64
}

// freeze takes the part as it is as what every delivery sees.
func (p *part) freeze() (*frozen, error) {
	view, ok := p.module.Memory().Read(0, p.module.Memory().Size())
	if !ok {
		return nil, errors.New("sandbox: memory cannot be read")
	}
	im, err := p.memory.snapshot(view)
	if err != nil {
		return nil, err
	}
	f := &frozen{im, values(p.globals)}
	return f, p.memory.adopt(im)
}

// become makes a part of an instance of which nothing has run what another one was.
func (p *part) become(f *frozen) error {
	m := p.module.Memory()
	if more := (uint32(len(f.image.bytes)) - m.Size()) / pageSize; more > 0 {
		if _, ok := m.Grow(more); !ok {
			return errors.New("sandbox: no memory for another instance")
		}
	}
	if err := p.memory.adopt(f.image); err != nil {
		return err
	}
	p.thaw(f)
	return nil
}

func (p *part) thaw(f *frozen) {
	for n, g := range p.globals {
		g.Set(f.globals[n])
	}
}

// restore makes the part what it was, bit for bit.
func (p *part) restore(f *frozen, faulted bool) bool {
	m := p.module.Memory()
	if int(m.Size()) > len(f.image.bytes) {
		// wazero takes what the allocator returns as the memory, so growing by a page
		// can make it smaller; where that fails the instance is given up.
		p.memory.shrink = len(f.image.bytes)
		m.Grow(1)
		p.memory.shrink = 0
		if int(m.Size()) != len(f.image.bytes) {
			return false
		}
	}
	if err := p.memory.restore(faulted); err != nil {
		return false
	}
	p.thaw(f)
	return true
}
