package pack

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
)

// Here is the platform of this process.
func Here() string { return runtime.GOOS + "-" + runtime.GOARCH }

// ErrNoCode means that a pack has no code for a platform.
var ErrNoCode = errors.New("the pack has no code for this platform")

// CodeReader reads code as the compiler wants it. What it reads must not be used before
// Verify has said that it is what the pack's digest stands for.
type CodeReader struct {
	io.Reader
	Key [32]byte
	// Compiler is the version of the compiler that made the code.
	Compiler string

	from *checked
}

// Code reads the code for a platform.
func (p *Pack) Code(platform string) (*CodeReader, error) {
	at := slices.IndexFunc(p.index.Codes, func(c indexCode) bool { return c.Platform == platform })
	if at < 0 {
		return nil, ErrNoCode
	}
	name := codeFolder + platform
	from, size, err := p.code(p.index.Codes[at])
	if err != nil {
		return nil, err
	}
	h, err := readHead(from, size)
	if err != nil {
		return nil, damaged(name, err)
	}
	// The compiler reads numbers one by one and wants each whole, so what it reads in small
	// pieces comes from memory, and the code straight from the file into its place.
	c := &CodeReader{Reader: io.MultiReader(bytes.NewReader(h.text), from), Compiler: h.version, from: from}
	if _, err := hex.Decode(c.Key[:], []byte(p.index.Codes[at].Key)); err != nil {
		return nil, damaged(name, err)
	}
	return c, nil
}

// code reads the code of an entry, and says how long it is.
func (p *Pack) code(c indexCode) (from *checked, size int64, err error) {
	name := codeFolder + c.Platform
	if c.Base == "" {
		from, err = p.stored(name)
		return from, p.size(name), err
	}
	if p.base == nil {
		if p.beside == nil {
			return nil, 0, fmt.Errorf("its code is told by that of %s, and it does not stand beside it", c.Base+Ext)
		}
		if p.base, err = p.beside(c.Base); err != nil {
			return nil, 0, fmt.Errorf("its code is told by that of another pack: %w", err)
		}
	}
	delta, _, err := p.section(name)
	if err != nil {
		return nil, 0, err
	}
	base, baseSize, err := p.base.section(name)
	if err != nil {
		return nil, 0, fmt.Errorf("its code is told by that of %s: %w", c.Base+Ext, err)
	}
	code, err := undo(delta, base, baseSize, c.Size)
	if err != nil {
		return nil, 0, damaged(name, err)
	}
	// The digest is that of what comes out, so what goes in needs no other look.
	h := sha256.New()
	return &checked{io.TeeReader(code, h), h, c.SHA256}, c.Size, nil
}

// Verify says whether all that was read is what the index names.
func (c *CodeReader) Verify() error {
	if err := c.from.Verify(); err != nil {
		return damaged("its code", err)
	}
	return nil
}

// head is the beginning of code: a magic word, the compiler's version, where each
// function begins, and how long the machine code is that follows.
type head struct {
	version string
	text    []byte
}

var (
	magic    = []byte("WAZEVO")
	errShape = errors.New("this is not code that this tocsin can load")
)

// tail is what follows the machine code: its checksum (4), that there is no table of
// sources (1), and none of exceptions (4).
const tail = 4 + 1 + 4

// readHead reads the head of code of a size. The compiler believes what it finds there and
// makes room for it, so all numbers must add up to the size.
func readHead(r io.Reader, size int64) (h head, err error) {
	more := func(n int64) []byte {
		at := len(h.text)
		if err != nil || n > size-int64(at) {
			err = errShape
			return make([]byte, min(n, 8))
		}
		h.text = append(h.text, make([]byte, n)...)
		_, err = io.ReadFull(r, h.text[at:])
		return h.text[at:]
	}
	if !bytes.Equal(more(int64(len(magic))), magic) {
		return h, errShape
	}
	h.version = string(more(int64(more(1)[0])))
	functions := int64(binary.LittleEndian.Uint32(more(4)))
	offsets := more(functions * 8)
	length := binary.LittleEndian.Uint64(more(8))
	if err != nil || length == 0 || length > uint64(size) || int64(len(h.text))+int64(length)+tail != size {
		return h, errShape
	}
	for ; len(offsets) > 0; offsets = offsets[8:] {
		if binary.LittleEndian.Uint64(offsets) >= length {
			return h, errShape
		}
	}
	return h, nil
}
