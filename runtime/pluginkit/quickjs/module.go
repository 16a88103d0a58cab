package quickjs

import (
	"bytes"
	"errors"
)

var header = []byte("\x00asm\x01\x00\x00\x00")

// Section ids.
const (
	secType, secImport, secFunction, secTable, secMemory, secGlobal = 1, 2, 3, 4, 5, 6
	secExport, secElement, secCode, secData                         = 7, 9, 10, 11
)

var errShape = errors.New("quickjs: the module has another shape than the release that this tocsin links")

// entry is an imported function; kind is its type.
type entry struct {
	module, name string
	kind         uint32
}

func (e entry) bytes() []byte {
	return append(append(append(name(e.module), name(e.name)...), 0), number(e.kind)...)
}

// module is a module cut into what Link puts together again.
type module struct {
	raw       map[byte][]byte
	types     [][]byte
	imports   []entry
	functions []uint32 // types
	globals   [][]byte
	exported  map[string]uint32 // functions
	code      [][]byte
	data      [][]byte
}

type reader struct {
	b   []byte
	i   int
	err error
}

func (r *reader) byte() byte {
	if r.i >= len(r.b) {
		r.err = errShape
		return 0
	}
	r.i++
	return r.b[r.i-1]
}

func (r *reader) u32() uint32 {
	var v uint64
	for shift := 0; shift < 35; shift += 7 {
		c := r.byte()
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return uint32(v)
		}
	}
	r.err = errShape
	return 0
}

func (r *reader) bytes() []byte {
	n := int(r.u32())
	if n > len(r.b)-r.i {
		r.err, n = errShape, 0
	}
	r.i += n
	return r.b[r.i-n : r.i : r.i]
}

// each reads a vector: read is called for every element, and returns its bytes.
func (m *module) each(id byte, read func(r *reader)) [][]byte {
	r := &reader{b: m.raw[id]}
	if m.raw[id] == nil {
		return nil
	}
	var list [][]byte
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		from := r.i
		read(r)
		list = append(list, r.b[from:r.i:r.i])
	}
	if r.err != nil {
		m.raw = nil // split sees it
	}
	return list
}

func split(wasm []byte) (*module, error) {
	rest, ok := bytes.CutPrefix(wasm, header)
	if !ok {
		return nil, errShape
	}
	m := &module{raw: map[byte][]byte{}, exported: map[string]uint32{}}
	for r := (&reader{b: rest}); r.i < len(r.b); {
		id := r.byte()
		m.raw[id] = r.bytes()
		if r.err != nil {
			return nil, r.err
		}
	}
	m.types = m.each(secType, func(r *reader) { r.byte(); r.bytes(); r.bytes() })
	m.each(secImport, func(r *reader) {
		e := entry{module: string(r.bytes()), name: string(r.bytes())}
		if r.byte() != 0 {
			r.err = errShape
		}
		e.kind = r.u32()
		m.imports = append(m.imports, e)
	})
	m.each(secFunction, func(r *reader) { m.functions = append(m.functions, r.u32()) })
	m.globals = m.each(secGlobal, func(r *reader) { r.byte(); r.byte(); constant(r) })
	m.each(secExport, func(r *reader) {
		export, kind, index := string(r.bytes()), r.byte(), r.u32()
		if kind == 0 {
			m.exported[export] = index
		}
	})
	m.code = m.each(secCode, func(r *reader) { r.bytes() })
	for i, body := range m.code {
		r := &reader{b: body}
		m.code[i] = r.bytes()
	}
	m.data = m.each(secData, func(r *reader) {
		if r.u32() != 0 {
			r.err = errShape
		}
		constant(r)
		r.bytes()
	})
	if m.raw == nil || len(m.code) != len(m.functions) {
		return nil, errShape
	}
	return m, nil
}

// constant passes over (i32.const n), which is every constant here.
func constant(r *reader) {
	if r.byte() != 0x41 {
		r.err = errShape
	}
	r.u32()
	if r.byte() != 0x0b {
		r.err = errShape
	}
}

// minPages is how much memory the module starts with.
func (m *module) minPages() int {
	r := &reader{b: m.raw[secMemory]}
	r.u32()
	r.byte()
	return int(r.u32())
}
