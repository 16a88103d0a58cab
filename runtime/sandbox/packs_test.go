package sandbox_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/manifest"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/pack"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/trust"
)

// standIn packs a module into a new folder as NAME.pack and returns the pack's digest.
func standIn(t *testing.T, name string, wasm []byte) (dir, digest string) {
	t.Helper()
	_, b := written(t, contents(t, wasm))
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name+pack.Ext), b, 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := pack.OpenFile(filepath.Join(dir, name+pack.Ext))
	if err != nil {
		t.Fatal(err)
	}
	return dir, p.Digest()
}

func TestPacksStandForPlugins(t *testing.T) {
	wasm := fine().module()
	dir, digest := standIn(t, "lean", wasm)
	shipped, logDigest := standIn(t, "log", wasm)
	module := manifest.Digest(wasm)
	gone := filepath.Join(t.TempDir(), "lean.wasm")
	for _, tc := range []struct {
		name  string
		packs sandbox.Packs
		entry rulefile.Plugin
		code  string // how Info.Code begins
	}{
		{"its module is not there", sandbox.Packs{Dir: dir, Digests: map[string]string{"lean": digest}}, rulefile.Plugin{Name: "lean", File: gone}, "packed"},
		{"the module is pinned", sandbox.Packs{Dir: dir, Digests: map[string]string{"lean": digest}}, rulefile.Plugin{Name: "lean", File: gone, SHA256: module}, "packed"},
		{"the pack is pinned", sandbox.Packs{Dir: dir}, rulefile.Plugin{Name: "lean", File: gone, SHA256: digest}, "packed"},
		{"nobody names the pack", sandbox.Packs{Dir: dir}, rulefile.Plugin{Name: "lean", File: gone, SHA256: module}, "compiled: "},
		{"a shipped plugin", sandbox.Packs{Dir: shipped, Digests: map[string]string{"log": logDigest}}, rulefile.Plugin{Name: "log"}, "packed"},
		{"another shipped plugin", sandbox.Packs{Dir: shipped, Digests: map[string]string{"log": logDigest}}, rulefile.Plugin{Name: "webhook"}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			sources := sandbox.Sources{Packs: tc.packs}
			info := sources.Describe([]rulefile.Plugin{tc.entry})[tc.entry.Name]
			if info.Err != nil || tc.entry.SHA256 != "" && info.SHA256 != tc.entry.SHA256 || info.Shipped != (tc.entry.File == "") {
				t.Errorf("Describe = %+v", info)
			}
			h := sandbox.New(t.Context(), sandbox.Config{CacheDir: sandboxtest.CacheDir(), Sources: sources})
			defer h.Close(t.Context())
			p, err := h.NewCatalog().Open(t.Context(), tc.entry)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Module.Info().Code; !strings.HasPrefix(got, tc.code) || (got == "") != (tc.code == "") || p.Shipped != (tc.entry.File == "") {
				t.Errorf("code %q, shipped %v", got, p.Shipped)
			}
		})
	}
}

func TestPacksAreRefused(t *testing.T) {
	wasm := fine().module()
	dir, digest := standIn(t, "lean", wasm)
	key := filepath.Join(t.TempDir(), "key")
	if err := trust.Generate(key); err != nil {
		t.Fatal(err)
	}
	keys, err := trust.LoadKeys(key + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	named := sandbox.Packs{Dir: dir, Digests: map[string]string{"lean": digest}}
	rubbish := t.TempDir()
	if err := os.WriteFile(filepath.Join(rubbish, "lean.pack"), []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, want, pin string
		sources         sandbox.Sources
	}{
		{"another pack", "not 00 as when it was packed", "", sandbox.Sources{Packs: sandbox.Packs{Dir: dir, Digests: map[string]string{"lean": "00"}}}},
		{"another pin", "the rule file names 11", "11", sandbox.Sources{Packs: named}},
		{"no signature", "is not signed", "", sandbox.Sources{Packs: named, Trusted: keys}},
		{"no pack", "this is no packed plugin", "", sandbox.Sources{Packs: sandbox.Packs{Dir: rubbish}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			entry := rulefile.Plugin{Name: "lean", File: "lean.wasm", SHA256: tc.pin}
			info := tc.sources.Describe([]rulefile.Plugin{entry})["lean"]
			if info.Err == nil || !strings.Contains(info.Err.Error(), tc.want) {
				t.Errorf("Describe: %v, want %q", info.Err, tc.want)
			}
		})
	}
	private, err := trust.LoadPrivate(key + ".key")
	if err != nil {
		t.Fatal(err)
	}
	if err := trust.Sign(filepath.Join(dir, "lean.pack"), []byte(digest), private); err != nil {
		t.Fatal(err)
	}
	signed := sandbox.Sources{Packs: named, Trusted: keys}
	if info := signed.Describe([]rulefile.Plugin{{Name: "lean", File: "lean.wasm"}})["lean"]; info.Err != nil {
		t.Errorf("a signed pack: %v", info.Err)
	}
}
