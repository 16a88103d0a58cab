// Package sdk carries the source of the packages below it, so that `tocsin new plugin`
// can lay the SDK into a project: a plugin builds with no network and no published
// module. Guests import the packages, never this one.
package sdk

import (
	"embed"
	"io/fs"
	"slices"
	"strings"
)

//go:embed abi event target
var source embed.FS

// Module is the path of the module that Files makes.
const Module = "github.com/tocsin-engine/tocsin/sdk"

// File is one file below sdk, as "target/rust/tocsin.rs".
func File(path string) ([]byte, error) { return source.ReadFile(path) }

// notInModule are folders that a Go plugin does not build against.
var notInModule = []string{"abi/tck", "abi/wat", "target/example"}

// Files yields the source files of the Go SDK, without its tests, as a module of its own:
// paths relative to its folder, with slashes.
func Files(yield func(path string, text []byte) error) error {
	if err := yield("go.mod", []byte("module "+Module+"\n\ngo 1.24\n")); err != nil {
		return err
	}
	return fs.WalkDir(source, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && slices.Contains(notInModule, path) {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := source.ReadFile(path)
		if err != nil {
			return err
		}
		return yield(path, text)
	})
}
