package pack

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

// Format is the version of what a pack holds. One of another version is refused; what is
// compiled here it does not hold either.
const Format = 1

// Ext is the extension of packs' file names.
const Ext = ".pack"

// The names of the entries.
const (
	indexName    = "pack.json"
	manifestFile = "plugin.yaml"
	moduleFile   = "module.wasm"
	skeletonFile = "skeleton.wasm"
	memoryFile   = "memory"
	codeFolder   = "code/"
)

// index is pack.json.
type index struct {
	Format int         `json:"format"`
	Files  []indexFile `json:"files"`
	// Fresh says why there is no memory.
	Fresh string `json:"fresh,omitempty"`
	// Memory is the size of the guest's memory, of which the file holds what is not zero.
	Memory  int64       `json:"memory,omitempty"`
	Globals []uint64    `json:"globals,omitempty"`
	Codes   []indexCode `json:"codes,omitempty"`
}

type indexFile struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

type indexCode struct {
	Platform string `json:"platform"`
	Key      string `json:"key"`
	// Base is the name of the pack beside this one by whose code this code is told: its
	// file holds the delta, of code of this size and digest.
	Base   string `json:"base,omitempty"`
	Size   int64  `json:"size,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
}

// Bounds of what is read: a pack that claims more is refused before anything is made for
// it.
const (
	maxIndex    = 1 << 20
	maxManifest = 1 << 20
	maxModule   = 32 << 20
	maxMemory   = 1 << 30
	maxCode     = 512 << 20
	maxGlobals  = 1 << 16
)

var packName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)

var platformName = regexp.MustCompile(`^[a-z0-9]{1,16}-[a-z0-9]{1,16}$`)

// bound is the largest size of a file, 0 for a name that no pack has.
func bound(name string) int64 {
	switch name {
	case manifestFile:
		return maxManifest
	case moduleFile, skeletonFile:
		return maxModule
	case memoryFile:
		return maxMemory
	}
	if platform, ok := strings.CutPrefix(name, codeFolder); ok && platformName.MatchString(platform) {
		return maxCode
	}
	return 0
}

// check holds an index to its own rules.
func (x *index) check() error {
	if x.Format != Format {
		return fmt.Errorf("it has format %d, this tocsin reads format %d; pack the plugin again", x.Format, Format)
	}
	have := map[string]bool{}
	for _, f := range x.Files {
		most := bound(f.Name)
		switch sum, err := hex.DecodeString(f.SHA256); {
		case most == 0:
			return fmt.Errorf("it lists %q, which no pack has", f.Name)
		case have[f.Name]:
			return fmt.Errorf("it lists %s twice", f.Name)
		case f.Size < 0 || f.Size > most:
			return fmt.Errorf("%s has %d bytes, at most %d are read", f.Name, f.Size, most)
		case err != nil || len(sum) != 32:
			return fmt.Errorf("the digest of %s is none", f.Name)
		}
		have[f.Name] = true
	}
	for _, name := range []string{manifestFile, skeletonFile} {
		if !have[name] {
			return fmt.Errorf("%s is missing", name)
		}
	}
	if !have[moduleFile] && len(x.Codes) == 0 {
		return fmt.Errorf("%s is missing, and there is no code instead", moduleFile)
	}
	if x.Memory < 0 || x.Memory > maxMemory || have[memoryFile] != (x.Memory > 0) || have[memoryFile] == (x.Fresh != "") || len(x.Globals) > maxGlobals {
		return fmt.Errorf("its memory has %d bytes and %d globals, which cannot be", x.Memory, len(x.Globals))
	}
	return x.checkCodes(have)
}

func (x *index) checkCodes(have map[string]bool) error {
	files := 0
	for name := range have {
		if strings.HasPrefix(name, codeFolder) {
			files++
		}
	}
	seen := map[string]bool{}
	for _, c := range x.Codes {
		key, err := hex.DecodeString(c.Key)
		if err != nil || len(key) != 32 || !have[codeFolder+c.Platform] || seen[c.Platform] {
			return fmt.Errorf("its code of %q has no file, no key, or stands twice", c.Platform)
		}
		seen[c.Platform] = true
		if c.Base == "" {
			continue
		}
		if sum, err := hex.DecodeString(c.SHA256); err != nil || len(sum) != 32 || !packName.MatchString(c.Base) || c.Size <= 0 || c.Size > maxCode {
			return fmt.Errorf("its code of %s has %q as its base, %d bytes and the digest %q, which cannot be", c.Platform, c.Base, c.Size, c.SHA256)
		}
	}
	if files != len(x.Codes) {
		return fmt.Errorf("it has %d files of code and keys for %d", files, len(x.Codes))
	}
	return nil
}
