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
	"time"

	"github.com/goccy/go-yaml"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// File is the usual name of a manifest.
const File = "plugin.yaml"

// text is the manifest as people write it.
type text struct {
	Name    string `yaml:"name"`
	Version string `yaml:"version"`
	ABI     string `yaml:"abi"`
	Module  struct {
		Path   string `yaml:"path"`
		SHA256 string `yaml:"sha256"`
	} `yaml:"module"`
	Needs struct {
		HTTP []string `yaml:"http"`
		AWS  []struct {
			Service   string   `yaml:"service"`
			Actions   []string `yaml:"actions"`
			Resources []string `yaml:"resources"`
		} `yaml:"aws"`
		KV      size     `yaml:"kv"`
		Emit    []string `yaml:"emit"`
		Secrets []string `yaml:"secrets"`
	} `yaml:"needs"`
	Limits struct {
		Memory size     `yaml:"memory"`
		Time   duration `yaml:"time"`
		Fuel   int64    `yaml:"fuel"`
		Output size     `yaml:"output"`
		Log    size     `yaml:"log"`
	} `yaml:"limits"`
}

type size int64

// UnmarshalYAML reads "1MiB" and its likes, or a number of bytes.
func (s *size) UnmarshalYAML(b []byte) error {
	n, err := ParseSize(strings.Trim(strings.TrimSpace(string(b)), `"'`))
	*s = size(n)
	return err
}

type duration time.Duration

// UnmarshalYAML reads "2s" and its likes.
func (d *duration) UnmarshalYAML(b []byte) error {
	word := strings.Trim(strings.TrimSpace(string(b)), `"'`)
	v, err := time.ParseDuration(word)
	if err != nil || v <= 0 {
		return fmt.Errorf("%q is no time; write 500ms or 2s", word)
	}
	*d = duration(v)
	return nil
}

var units = []struct {
	suffix string
	bytes  int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"B", 1}, {"", 1}}

// ParseSize reads a size in bytes: "64KiB", "32MiB", "4096".
func ParseSize(word string) (int64, error) {
	for _, u := range units {
		digits, ok := strings.CutSuffix(word, u.suffix)
		if !ok {
			continue
		}
		var n int64
		for _, c := range []byte(digits) {
			if c < '0' || c > '9' || n > 1<<40 {
				return 0, fmt.Errorf("%q is no size; write 64KiB or 32MiB", word)
			}
			n = 10*n + int64(c-'0')
		}
		if digits == "" || n > (1<<50)/u.bytes {
			break
		}
		return n * u.bytes, nil
	}
	return 0, fmt.Errorf("%q is no size; write 64KiB or 32MiB", word)
}

// Parse reads a manifest's text.
func Parse(b []byte) (abi.Manifest, error) {
	var t text
	if err := yaml.UnmarshalWithOptions(b, &t, yaml.Strict()); err != nil {
		return abi.Manifest{}, errors.New(yaml.FormatError(err, false, true))
	}
	m := abi.Manifest{Name: t.Name, Version: t.Version, ABI: t.ABI}
	m.Module.Path, m.Module.SHA256 = t.Module.Path, t.Module.SHA256
	m.Needs = abi.Grants{HTTP: t.Needs.HTTP, KV: int64(t.Needs.KV), Emit: t.Needs.Emit, Secrets: t.Needs.Secrets}
	for _, a := range t.Needs.AWS {
		m.Needs.AWS = append(m.Needs.AWS, abi.AWSGrant{Service: a.Service, Actions: a.Actions, Resources: a.Resources})
	}
	m.Limits = abi.Limits{Memory: int64(t.Limits.Memory), TimeMS: time.Duration(t.Limits.Time).Milliseconds(),
		Fuel: t.Limits.Fuel, Output: int64(t.Limits.Output), Log: int64(t.Limits.Log)}
	return m, check(m)
}

var validName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

func check(m abi.Manifest) error {
	switch {
	case !validName.MatchString(m.Name):
		return fmt.Errorf("name is %q; write a-z, 0-9 and -, beginning with a letter, at most 63", m.Name)
	case m.ABI != "v1":
		return fmt.Errorf("abi is %q; write v1", m.ABI)
	case m.Module.Path == "":
		return errors.New("module.path is missing; write the file name of the module, as slack.wasm")
	case !filepath.IsLocal(m.Module.Path):
		return fmt.Errorf("module.path is %q; write a path below the manifest's folder", m.Module.Path)
	case m.Module.SHA256 != "" && len(m.Module.SHA256) != 2*sha256.Size:
		return fmt.Errorf("module.sha256 has %d characters; tocsin plugin build writes it", len(m.Module.SHA256))
	}
	return nil
}

// Read reads a manifest file.
func Read(path string) (abi.Manifest, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return abi.Manifest{}, err
	}
	m, err := Parse(b)
	if err != nil {
		return m, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
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
	if m, err := Parse(out); err != nil || m.Module.SHA256 != digest {
		return nil, errors.New("the manifest has no place for the digest; write  module: {path: NAME.wasm}")
	}
	return out, nil
}
