// Package manifest reads and writes plugin.yaml, the file beside a plugin's module: its
// name, what it needs of the host, its limits, and the digest that pins the module.
//
// Sizes are written as "1MiB", times as "2s", the same as in a rule file's allow and
// limits, because people copy one into the other.
package manifest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// File is the usual name of a manifest.
const File = "plugin.yaml"

// Parse reads a manifest's text; name is the file's, for the findings.
func Parse(name string, b []byte) (abi.Manifest, error) {
	m, list := rulefile.ParseManifest(rulefile.File{Name: name, Data: b})
	var errs []error
	for _, f := range list {
		errs = append(errs, fmt.Errorf("%w: %s", f, f.Label))
	}
	if len(errs) == 0 && !filepath.IsLocal(m.Module.Path) {
		errs = append(errs, fmt.Errorf("%s: module.path is %q; write a path below the manifest's folder", name, m.Module.Path))
	}
	return m, errors.Join(errs...)
}

// Read reads a manifest file.
func Read(path string) (abi.Manifest, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return abi.Manifest{}, err
	}
	return Parse(path, b)
}

// Find names the manifest that describes path: path itself when it is no module, else
// NAME.plugin.yaml or plugin.yaml beside NAME.wasm.
func Find(path string) (string, error) {
	if filepath.Ext(path) != ".wasm" {
		return path, nil
	}
	own := strings.TrimSuffix(path, ".wasm") + ".plugin.yaml"
	beside := filepath.Join(filepath.Dir(path), File)
	for _, candidate := range []string{own, beside} {
		if _, err := os.Stat(candidate); err == nil {
			return candidate, nil
		}
	}
	return "", fmt.Errorf("%s has no manifest; write %s or %s", path, own, beside)
}

// Digest is a module's digest as manifests carry it.
func Digest(wasm []byte) string {
	sum := sha256.Sum256(wasm)
	return hex.EncodeToString(sum[:])
}

var (
	digestLine = regexp.MustCompile(`(?m)^([ \t]+sha256:[ \t]*)("?[0-9a-fA-F]*"?)`)
	digestFlow = regexp.MustCompile(`(?m)^(module:[ \t]*\{[^}\n]*?sha256:[ \t]*)("?[0-9a-fA-F]*"?)`)
	moduleFlow = regexp.MustCompile(`(?m)^(module:[ \t]*\{[^}\n]*?)[ \t]*\}`)
	pathLine   = regexp.MustCompile(`(?m)^([ \t]+)path:[^\n]*\n?`)
)

// SetDigest returns the manifest's text with another digest; everything else, comments
// included, stays as the person wrote it.
func SetDigest(b []byte, digest string) ([]byte, error) {
	var out []byte
	switch {
	case digestFlow.Match(b):
		out = digestFlow.ReplaceAll(b, []byte("${1}"+digest))
	case moduleFlow.Match(b):
		out = moduleFlow.ReplaceAll(b, []byte("${1}, sha256: "+digest+"}"))
	case digestLine.Match(b):
		out = digestLine.ReplaceAll(b, []byte("${1}"+digest))
	default:
		out = pathLine.ReplaceAllFunc(b, func(line []byte) []byte {
			indent := pathLine.FindSubmatch(line)[1]
			return fmt.Appendf(nil, "%s\n%ssha256: %s\n", bytes.TrimRight(line, "\n"), indent, digest)
		})
	}
	if m, err := Parse(File, out); err != nil || m.Module.SHA256 != digest {
		return nil, errors.New("the manifest has no place for the digest; write  module: {path: NAME.wasm}")
	}
	return out, nil
}
