// Package inventory is tocsin.json, which stands in the zip of a Lambda function and says
// what else stands there: `tocsin package lambda` writes it, the function reads it.
//
// It is what makes the packed plugins' code trusted: code runs outside of the sandbox's
// walls, and only where somebody named its digest. Whoever can change tocsin.json can change
// the bootstrap beside it.
package inventory

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Name is the file's, at the top of the zip.
const Name = "tocsin.json"

// Plugins is the folder of the packs in the zip.
const Plugins = "plugins"

// Inventory is what a function's zip holds.
type Inventory struct {
	// Tocsin is the version that made the zip, Arch the processor that it is for.
	Tocsin string `json:"tocsin"`
	Arch   string `json:"arch"`
	// Packs are the digests of the packs, as `tocsin plugin pack` prints them, by the names
	// of their plugins.
	Packs map[string]string `json:"packs"`
	// LeftOut are the plugins of the rule files that no rule reaches: they are not in the zip.
	LeftOut []string `json:"left_out,omitempty"`
	// Files are the SHA-256 of all other files, by their names in the zip.
	Files map[string]string `json:"files"`
}

// Read reads the inventory of the function in a folder. Without one, nothing there is
// named: the zero Inventory.
func Read(dir string) (v Inventory, err error) {
	text, err := os.ReadFile(filepath.Join(dir, Name))
	if errors.Is(err, fs.ErrNotExist) {
		return v, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		return v, fmt.Errorf("%s: %w; make the zip again with tocsin package lambda", Name, err)
	}
	return v, nil
}
