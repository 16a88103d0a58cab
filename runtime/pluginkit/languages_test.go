package pluginkit

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/pluginkit/toolchain"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
)

// TestNewPluginsPassTheirTests: in every language whose compiler is here, what New writes
// builds, twice to the same bytes, and passes the tests that lie beside it.
func TestNewPluginsPassTheirTests(t *testing.T) {
	h := sandboxtest.Host(t)
	for _, lang := range Languages {
		t.Run(lang, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "pager-2")
			if _, err := New(dir, lang); err != nil {
				t.Fatal(err)
			}
			if got := toolchain.Of(dir).Name; got != lang {
				t.Errorf("the folder looks like %s", got)
			}
			b, err := Build(t.Context(), dir)
			var missing *toolchain.Missing
			if errors.As(err, &missing) || err != nil && strings.Contains(err.Error(), "npm error") {
				t.Skipf("skipped: a new plugin in %s: %v", lang, err)
			}
			if err != nil || !b.Changed {
				t.Fatalf("build: changed %v, %v", b.Changed, err)
			}
			if lang == "c" || lang == "js" {
				if again, err := Build(t.Context(), dir); err != nil || again.Changed {
					t.Errorf("equal sources give equal bytes: changed %v, %v", again.Changed, err)
				}
			}
			s, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(filepath.Join(dir, "plugin_test.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			tests, list := rulefile.ParsePluginTests(rulefile.File{Name: "plugin_test.yaml", Data: text})
			if len(list) > 0 {
				t.Fatalf("findings %v", list)
			}
			tested, err := Test(t.Context(), h, s, tests)
			if err != nil || len(tested) < 2 {
				t.Fatalf("%d tests, %v", len(tested), err)
			}
			for _, one := range tested {
				for _, p := range one.Problems {
					t.Errorf("%s: %s", one.Name, p)
				}
			}
		})
	}
}
