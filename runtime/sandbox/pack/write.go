package pack

import (
	"archive/zip"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// Contents are what a pack is made of.
type Contents struct {
	// Manifest is the text of plugin.yaml, Module the module that it names.
	Manifest, Module []byte
	// Skeleton is the rewritten module without its code.
	Skeleton []byte
	// Memory is the guest's after its start, Globals the mutable ones beside it. A module
	// whose state is more than that has none, and Fresh says why.
	Memory  []byte
	Globals []uint64
	Fresh   string
	Codes   []Code
}

// Code is what a compiler made of the rewritten module.
type Code struct {
	// Platform is where it runs: "linux-amd64".
	Platform string
	// Key is the compiler's name for it.
	Key [32]byte
	// Text is the machine code as the compiler keeps it.
	Text []byte
}

// Write writes the archive and returns the pack's digest.
func (c *Contents) Write(w io.Writer) (digest string, err error) {
	files := []file{{manifestFile, c.Manifest, zip.Deflate}, {moduleFile, c.Module, zip.Deflate}, {skeletonFile, c.Skeleton, zip.Store}}
	x := index{Format: Format, Fresh: c.Fresh}
	if c.Memory != nil {
		x.Memory, x.Globals = int64(len(c.Memory)), c.Globals
		files = append(files, file{memoryFile, appendRuns(nil, c.Memory), zip.Store})
	}
	codes := slices.Clone(c.Codes)
	slices.SortFunc(codes, func(a, b Code) int { return cmp.Compare(a.Platform, b.Platform) })
	for _, code := range codes {
		if _, err := readHead(bytes.NewReader(code.Text), int64(len(code.Text))); err != nil {
			return "", fmt.Errorf("pack: code of %s: %w", code.Platform, err)
		}
		x.Codes = append(x.Codes, indexCode{Platform: code.Platform, Key: hex.EncodeToString(code.Key[:])})
		files = append(files, file{codeFolder + code.Platform, code.Text, zip.Store})
	}
	for _, f := range files {
		sum := sha256.Sum256(f.text)
		x.Files = append(x.Files, indexFile{Name: f.name, Size: int64(len(f.text)), SHA256: hex.EncodeToString(sum[:])})
	}
	if err := x.check(); err != nil {
		return "", err
	}
	text, err := json.MarshalIndent(x, "", "  ")
	if err != nil {
		return "", err
	}
	text = append(text, '\n')
	z := zip.NewWriter(w)
	for _, f := range append([]file{{indexName, text, zip.Deflate}}, files...) {
		if err := f.write(z); err != nil {
			return "", err
		}
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), z.Close()
}

type file struct {
	name string
	text []byte
	// What is read at every start lies there as it is: unpacking would cost more than all
	// the rest.
	method uint16
}

func (f file) write(z *zip.Writer) error {
	w, err := z.CreateHeader(&zip.FileHeader{Name: f.name, Method: f.method})
	if err != nil {
		return err
	}
	_, err = w.Write(f.text)
	return err
}
