package pack

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
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
}

// OpenFile opens the pack in a file.
func OpenFile(path string) (*Pack, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return openFile(path, f)
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
func (p *Pack) Close() error { return p.close() }

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

// file reads a file and checks its digest.
func (p *Pack) file(name string) ([]byte, error) {
	want, ok := p.listed(name)
	if !ok {
		return nil, fmt.Errorf("the pack has no %s", name)
	}
	text, err := unpack(p.files[name], want.Size)
	if err != nil {
		return nil, fmt.Errorf("the pack is damaged: %w", err)
	}
	if sum := sha256.Sum256(text); int64(len(text)) != want.Size || hex.EncodeToString(sum[:]) != want.SHA256 {
		return nil, fmt.Errorf("the pack is damaged: the digest of %s is another one; pack the plugin again", name)
	}
	return text, nil
}

// Manifest is the plugin's.
func (p *Pack) Manifest() (abi.Manifest, error) {
	text, err := p.file(manifestFile)
	if err != nil {
		return abi.Manifest{}, err
	}
	return manifest.Parse(manifestFile, text)
}

// Module is the plugin's module as it was built. Its digest is the manifest's.
func (p *Pack) Module() ([]byte, error) {
	m, err := p.Manifest()
	if err != nil {
		return nil, err
	}
	wasm, err := p.file(moduleFile)
	if err == nil && manifest.Digest(wasm) != m.Module.SHA256 {
		return nil, fmt.Errorf("the pack is damaged: its module's digest is %s, its manifest names %s", manifest.Digest(wasm), m.Module.SHA256)
	}
	return wasm, err
}

// ModuleSize is the module's, in bytes.
func (p *Pack) ModuleSize() int64 { return p.size(moduleFile) }

// Skeleton is the rewritten module without its code.
func (p *Pack) Skeleton() ([]byte, error) { return p.file(skeletonFile) }

// Memory is the guest's after its start, with its globals; nil when the pack has none.
func (p *Pack) Memory() ([]byte, []uint64, error) {
	if p.index.Memory == 0 {
		return nil, nil, nil
	}
	runs, err := p.file(memoryFile)
	if err != nil {
		return nil, nil, err
	}
	memory, err := readRuns(runs, p.index.Memory)
	return memory, p.index.Globals, err
}

// Fresh says why a pack has no memory.
func (p *Pack) Fresh() string { return p.index.Fresh }

// Platforms are those that the pack has code for, with the code's size in bytes.
func (p *Pack) Platforms() map[string]int64 {
	out := map[string]int64{}
	for _, c := range p.index.Codes {
		out[c.Platform] = p.size(codeFolder + c.Platform)
	}
	return out
}
