package pack

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"runtime"
	"slices"
)

// Here is the platform of this process.
func Here() string { return runtime.GOOS + "-" + runtime.GOARCH }

// ErrNoCode means that a pack has no code for a platform.
var ErrNoCode = errors.New("the pack has no code for this platform")

// CodeReader reads code and checks it while it is read: the bytes that are hashed are the
// bytes that the compiler takes, and nobody can change them in between.
type CodeReader struct {
	io.Reader
	Key [32]byte
	// Compiler is the version of the compiler that made the code.
	Compiler string

	hash hash.Hash
	want string
}

// Code reads the code for a platform.
func (p *Pack) Code(platform string) (*CodeReader, error) {
	at := slices.IndexFunc(p.index.Codes, func(c indexCode) bool { return c.Platform == platform })
	name := codeFolder + platform
	listed, ok := p.listed(name)
	if at < 0 || !ok {
		return nil, ErrNoCode
	}
	f := p.files[name]
	if f.Method != zip.Store || f.UncompressedSize64 != uint64(listed.Size) || f.CompressedSize64 != uint64(listed.Size) {
		return nil, fmt.Errorf("the pack is damaged: %s has another size", name)
	}
	offset, err := f.DataOffset()
	if err != nil {
		return nil, fmt.Errorf("the pack is damaged: %s: %w", name, err)
	}
	all := io.NewSectionReader(p.from, offset, listed.Size)
	h, err := readHead(all, listed.Size)
	if err != nil {
		return nil, fmt.Errorf("the pack is damaged: %s: %w", name, err)
	}
	c := &CodeReader{Compiler: h.version, hash: sha256.New(), want: listed.SHA256}
	if _, err := hex.Decode(c.Key[:], []byte(p.index.Codes[at].Key)); err != nil {
		return nil, fmt.Errorf("the pack is damaged: the key of %s: %w", name, err)
	}
	// The compiler reads numbers one by one and wants each whole, so what it reads in small
	// pieces comes from memory, and the code straight from the file into its place.
	c.hash.Write(h.text)
	c.Reader = io.MultiReader(bytes.NewReader(h.text), io.TeeReader(all, c.hash))
	return c, nil
}

// Verify says whether what was read is what the index names. It reads what is left.
func (c *CodeReader) Verify() error {
	if _, err := io.Copy(io.Discard, c.Reader); err != nil {
		return fmt.Errorf("the pack is damaged: %w", err)
	}
	if hex.EncodeToString(c.hash.Sum(nil)) != c.want {
		return errors.New("the pack is damaged: the digest of its code is another one; pack the plugin again")
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
