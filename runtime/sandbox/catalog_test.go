package sandbox_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/manifest"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// folder makes a plugin's folder: a module and a manifest that names a digest.
func folder(t *testing.T, wasm []byte, digest string) string {
	t.Helper()
	dir := t.TempDir()
	text := "name: lean\nabi: v1\nmodule:\n  path: lean.wasm\n"
	if digest != "" {
		text += "  sha256: " + digest + "\n"
	}
	for name, b := range map[string][]byte{"lean.wasm": wasm, manifest.File: []byte(text + "limits: {memory: 1MiB}\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestCatalogOpens(t *testing.T) {
	wasm := fine().module()
	dir := folder(t, wasm, manifest.Digest(wasm))
	c := sandboxtest.Host(t).NewCatalog()
	var first *sandbox.Module
	for _, file := range []string{"lean.wasm", manifest.File} {
		e := rulefile.Plugin{Name: "lean", File: filepath.Join(dir, file), Limits: abi.Limits{TimeMS: 7}, Allow: abi.Grants{KV: 1}}
		p, err := c.Open(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		if p.Shipped || p.Limits.TimeMS != 7 || p.Limits.Memory != 1<<20 || p.Grants.KV != 1 {
			t.Errorf("%s: %+v", file, p)
		}
		if first != nil && p.Module != first {
			t.Error("the same module was compiled twice")
		}
		first = p.Module
		if info := new(sandbox.Sources).Describe([]rulefile.Plugin{e})["lean"]; info.Err != nil || info.SHA256 != manifest.Digest(wasm) {
			t.Errorf("Describe = %+v", info)
		}
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestCatalogOpensSideBySide: a module that several targets want at once is compiled once.
func TestCatalogOpensSideBySide(t *testing.T) {
	wasm := fine().module()
	e := rulefile.Plugin{Name: "lean", File: filepath.Join(folder(t, wasm, manifest.Digest(wasm)), "lean.wasm")}
	c := sandboxtest.Host(t).NewCatalog()
	modules := make([]*sandbox.Module, 16)
	sandbox.Each(len(modules), func(k int) {
		p, err := c.Open(t.Context(), e)
		if err != nil {
			t.Error(err)
			return
		}
		modules[k] = p.Module
	})
	for _, m := range modules {
		if m == nil || m != modules[0] {
			t.Fatalf("modules %v, want one", modules)
		}
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCatalogRefuses(t *testing.T) {
	wasm := fine().module()
	good := folder(t, wasm, manifest.Digest(wasm))
	empty := folder(t, wasm, manifest.Digest(wasm))
	if err := os.Remove(filepath.Join(empty, "lean.wasm")); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, want string
		entry      rulefile.Plugin
	}{
		{"another digest", "build it again or restore the module", rulefile.Plugin{File: filepath.Join(folder(t, wasm, strings.Repeat("0", 64)), "lean.wasm")}},
		{"no digest", "names no digest; tocsin plugin build writes it", rulefile.Plugin{File: filepath.Join(folder(t, wasm, ""), manifest.File)}},
		{"the rule file's digest", "the rule file names 00", rulefile.Plugin{File: filepath.Join(good, "lean.wasm"), SHA256: "00"}},
		{"no module", "tocsin plugin build", rulefile.Plugin{File: filepath.Join(empty, manifest.File)}},
		{"no manifest", "has no manifest; write", rulefile.Plugin{File: filepath.Join(t.TempDir(), "x.wasm")}},
		{"no such shipped plugin", "no shipped plugin has this name", rulefile.Plugin{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.entry.Name = "lean"
			_, err := sandboxtest.Host(t).NewCatalog().Open(t.Context(), tc.entry)
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "plugin lean") {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
			if info := new(sandbox.Sources).Describe([]rulefile.Plugin{tc.entry})["lean"]; info.Err == nil {
				t.Error("Describe says nothing of it")
			}
		})
	}
}

func TestReadOnlyCache(t *testing.T) {
	// A folder below a file can never be made, whoever runs the test.
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	h := sandbox.New(t.Context(), sandbox.Config{CacheDir: filepath.Join(file, "cache")})
	defer h.Close(t.Context())
	if _, err := h.Compile(t.Context(), fine().module(), "lean"); err != nil {
		t.Errorf("a host without a usable cache: %v", err)
	}
}

func TestDamagedCache(t *testing.T) {
	dir := t.TempDir()
	compile := func() error {
		t.Helper()
		h := sandbox.New(t.Context(), sandbox.Config{CacheDir: dir})
		defer h.Close(t.Context())
		m, err := h.Compile(t.Context(), fine().module(), "lean")
		if err != nil {
			return err
		}
		target, err := m.NewTarget(t.Context(), sandbox.TargetConfig{Name: "t", Host: &recorder{}})
		if err != nil {
			return err
		}
		_, _, err = target.Call(t.Context(), batch("x"))
		return err
	}
	if err := compile(); err != nil {
		t.Fatal(err)
	}
	damaged := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		damaged++
		return os.WriteFile(path, []byte("rubbish"), 0o600)
	})
	if err != nil || damaged == 0 {
		t.Fatalf("%d cached files, %v", damaged, err)
	}
	if err := compile(); err != nil {
		t.Errorf("with a damaged cache: %v", err)
	}
}
