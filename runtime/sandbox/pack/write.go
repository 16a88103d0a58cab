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
	// Manifest is the text of plugin.yaml, Module the module that it names. Without it, a
	// pack has only its code to offer.
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
	// Base, if it is set, is code by which this one is told: that of the pack called
	// BaseName, which then has to stand beside this one.
	Base     []byte
	BaseName string
}

// Write writes the archive and returns the pack's digest.
func (c *Contents) Write(w io.Writer) (digest string, err error) {
	files := []file{{manifestFile, c.Manifest, zip.Deflate}}
	if c.Module != nil {
		files = append(files, file{moduleFile, c.Module, zip.Deflate})
	}
	files = append(files, file{skeletonFile, c.Skeleton, zip.Store})
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
		entry, text := indexCode{Platform: code.Platform, Key: hex.EncodeToString(code.Key[:])}, code.Text
		if code.Base != nil {
			sum := sha256.Sum256(code.Text)
			entry.Base, entry.Size, entry.SHA256 = code.BaseName, int64(len(code.Text)), hex.EncodeToString(sum[:])
			text = appendDelta(nil, code.Base, code.Text)
		}
		x.Codes = append(x.Codes, entry)
		files = append(files, file{codeFolder + code.Platform, text, zip.Store})
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
