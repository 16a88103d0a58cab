package pack

import (
	"archive/zip"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/tocsin-engine/tocsin/runtime/sandbox/manifest"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// Pack is an open pack. Its files are read and checked when they are asked for.
type Pack struct {
	from   io.ReaderAt
	close  func() error
	index  index
	digest string
	files  map[string]*zip.File
	// beside opens a pack by its name, base is the one by which this one's code is told.
	beside func(name string) (*Pack, error)
	base   *Pack
}

// Beside says how the packs are opened that stand beside this one. OpenFile looks into the
// file's folder; nil means that there is none.
func (p *Pack) Beside(open func(name string) (*Pack, error)) { p.beside = open }

// OpenFile opens the pack in a file.
func OpenFile(path string) (*Pack, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	p, err := openFile(path, f)
	if err == nil {
		p.Beside(func(name string) (*Pack, error) { return OpenFile(filepath.Join(filepath.Dir(path), name+Ext)) })
	}
	return p, err
}

// OpenFS opens the pack in a file of files.
func OpenFS(files fs.FS, name string) (*Pack, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	return openFile(name, f)
}

func openFile(name string, f fs.File) (*Pack, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	at, ok := f.(io.ReaderAt)
	if !ok {
		return nil, errors.Join(fmt.Errorf("pack: %s cannot be read at a place", name), f.Close())
	}
	p, err := Open(at, info.Size())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
	}
	p.close = f.Close
	return p, nil
}

// Open reads a pack's index.
func Open(r io.ReaderAt, size int64) (*Pack, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("this is no packed plugin: %w", err)
	}
	p := &Pack{from: r, close: func() error { return nil }, files: map[string]*zip.File{}}
	for _, f := range z.File {
		if p.files[f.Name] != nil {
			return nil, fmt.Errorf("this is no packed plugin: it has %q twice", f.Name)
		}
		p.files[f.Name] = f
	}
	text, err := p.readIndex()
	if err != nil {
		return nil, fmt.Errorf("this is no packed plugin: %w", err)
	}
	sum := sha256.Sum256(text)
	p.digest = hex.EncodeToString(sum[:])
	for name := range p.files {
		if name != indexName && !slices.ContainsFunc(p.index.Files, func(f indexFile) bool { return f.Name == name }) {
			return nil, fmt.Errorf("this is no packed plugin: it has %q, which its pack.json does not list", name)
		}
	}
	return p, nil
}

func (p *Pack) readIndex() ([]byte, error) {
	f := p.files[indexName]
	if f == nil {
		return nil, errors.New("it has no " + indexName)
	}
	text, err := unpack(f, maxIndex)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &p.index); err != nil {
		return nil, fmt.Errorf("%s: %w", indexName, err)
	}
	return text, p.index.check()
}

// unpack reads at most so many bytes of a file, whatever its header claims.
func unpack(f *zip.File, most int64) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b := make([]byte, 0, min(most, int64(f.CompressedSize64)+bytes.MinRead))
	w := bytes.NewBuffer(b)
	if n, err := io.Copy(w, io.LimitReader(r, most+1)); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	} else if n > most {
		return nil, fmt.Errorf("%s has more than %d bytes", f.Name, most)
	}
	return w.Bytes(), nil
}

// Close closes the file. What was read of it stays good.
func (p *Pack) Close() error {
	err := p.close()
	if p.base != nil {
		err = errors.Join(err, p.base.Close())
		p.base = nil
	}
	return err
}

// Digest is the pack's, in hexadecimal: that of its index, which names all others.
func (p *Pack) Digest() string { return p.digest }

// Size is that of one of the files, 0 when it is not there.
func (p *Pack) size(name string) int64 {
	if f, ok := p.listed(name); ok {
		return f.Size
	}
	return 0
}

func (p *Pack) listed(name string) (indexFile, bool) {
	at := slices.IndexFunc(p.index.Files, func(f indexFile) bool { return f.Name == name })
	if at < 0 || p.files[name] == nil {
		return indexFile{}, false
	}
	return p.index.Files[at], true
}

// ErrDamaged means that a pack's bytes are not those that its digest stands for.
var ErrDamaged = errors.New("the pack is damaged, pack the plugin again")

func damaged(name string, err error) error { return fmt.Errorf("%w: %s: %w", ErrDamaged, name, err) }

var errDigest = errors.New("its digest is another one")

// file reads a file and checks its digest.
func (p *Pack) file(name string) ([]byte, error) {
	want, ok := p.listed(name)
	if !ok {
		return nil, damaged(name, fs.ErrNotExist)
	}
	text, err := unpack(p.files[name], want.Size)
	if err != nil {
		return nil, damaged(name, err)
	}
	if sum := sha256.Sum256(text); int64(len(text)) != want.Size || hex.EncodeToString(sum[:]) != want.SHA256 {
		return nil, damaged(name, errDigest)
	}
	return text, nil
}

// checked reads a file that lies in the pack as it is, and checks its digest while it is
// read: the bytes that are hashed are the bytes that are used, and nobody can change them
// in between.
type checked struct {
	io.Reader
	hash hash.Hash
	want string
}

// stored reads a file that is not compressed.
func (p *Pack) stored(name string) (*checked, error) {
	from, _, err := p.section(name)
	if err != nil {
		return nil, err
	}
	want, _ := p.listed(name)
	h := sha256.New()
	return &checked{io.TeeReader(from, h), h, want.SHA256}, nil
}

// section is where a file lies that is not compressed.
func (p *Pack) section(name string) (*io.SectionReader, int64, error) {
	want, ok := p.listed(name)
	if !ok {
		return nil, 0, damaged(name, fs.ErrNotExist)
	}
	f := p.files[name]
	if size := uint64(want.Size); f.Method != zip.Store || f.UncompressedSize64 != size || f.CompressedSize64 != size {
		return nil, 0, damaged(name, errors.New("it has another size"))
	}
	offset, err := f.DataOffset()
	if err != nil {
		return nil, 0, damaged(name, err)
	}
	return io.NewSectionReader(p.from, offset, want.Size), want.Size, nil
}

// Verify says whether all that was read is what the index names. It reads what is left.
func (c *checked) Verify() error {
	if _, err := io.Copy(io.Discard, c); err != nil {
		return err
	}
	if hex.EncodeToString(c.hash.Sum(nil)) != c.want {
		return errDigest
	}
	return nil
}

// Manifest is the plugin's.
func (p *Pack) Manifest() (abi.Manifest, error) {
	text, err := p.file(manifestFile)
	if err != nil {
		return abi.Manifest{}, err
	}
	return manifest.Parse(manifestFile, text)
}

// ErrNoModule means that a pack has nothing but code.
var ErrNoModule = errors.New("the pack holds no module that could be compiled instead")

// Module is the plugin's module as it was built. Its digest is the manifest's.
func (p *Pack) Module() ([]byte, error) {
	if _, ok := p.listed(moduleFile); !ok {
		return nil, ErrNoModule
	}
	m, err := p.Manifest()
	if err != nil {
		return nil, err
	}
	wasm, err := p.file(moduleFile)
	if err == nil && manifest.Digest(wasm) != m.Module.SHA256 {
		return nil, damaged(moduleFile, fmt.Errorf("its manifest names the digest %s", m.Module.SHA256))
	}
	return wasm, err
}

// ModuleSize is the module's, in bytes.
func (p *Pack) ModuleSize() int64 { return p.size(moduleFile) }

// Skeleton is the rewritten module without its code.
func (p *Pack) Skeleton() ([]byte, error) { return p.file(skeletonFile) }

// MemorySize is the size of the guest's memory after its start; 0 when the pack has none.
func (p *Pack) MemorySize() int64 { return p.index.Memory }

// Globals are the mutable globals that belong to the memory.
func (p *Pack) Globals() []uint64 { return p.index.Globals }

// ReadMemory writes the guest's memory into a zeroed one of its size. After an error it
// must not be used.
func (p *Pack) ReadMemory(into []byte) error {
	r, err := p.stored(memoryFile)
	if err != nil {
		return err
	}
	if err := errors.Join(readRuns(r, into), r.Verify()); err != nil {
		return damaged(memoryFile, err)
	}
	return nil
}

// Fresh says why a pack has no memory.
func (p *Pack) Fresh() string { return p.index.Fresh }

// Platforms are those that the pack has code for, with the code's size in bytes.
func (p *Pack) Platforms() map[string]int64 {
	out := map[string]int64{}
	for _, c := range p.index.Codes {
		out[c.Platform] = cmp.Or(c.Size, p.size(codeFolder+c.Platform))
	}
	return out
}
