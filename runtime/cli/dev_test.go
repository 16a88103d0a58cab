package cli

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLookout: a change is told once, when it has come to rest.
func TestLookout(t *testing.T) {
	files := map[string]stamp{"a": {size: 1}}
	l := watch(func() map[string]stamp { return maps.Clone(files) })
	for n, step := range []struct {
		change func()
		want   bool
	}{
		{func() {}, false},
		{func() { files["a"] = stamp{size: 2} }, false},
		{func() { files["b"] = stamp{size: 1} }, false},
		{func() {}, true},
		{func() {}, false},
		{func() { delete(files, "a") }, false},
		{func() { files["a"] = stamp{size: 2} }, false},
		{func() {}, false}, // as it was
	} {
		step.change()
		if got := l.changed(); got != step.want {
			t.Errorf("step %d: changed %v, want %v", n, got, step.want)
		}
	}
}

// TestStamps: what building writes is not looked at, or a build would lead to the next.
func TestStamps(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"main.go", "plugin.yaml", "plugin.yaml.sig", "x.wasm", "x.pack", "x_test.yaml", "rules.yaml", "event.json", ".swp.go", "main.go~", ".git/a.go", "node_modules/a.js", "deep/more.go"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	names := func(files map[string]stamp) (out []string) {
		for _, path := range slices.Sorted(maps.Keys(files)) {
			name, err := filepath.Rel(dir, path)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, name)
		}
		return out
	}
	paths := []string{dir, filepath.Join(dir, "nowhere")}
	if diff := cmp.Diff([]string{"deep/more.go", "event.json", "main.go", "rules.yaml", "x_test.yaml"}, names(stamps(paths, isPluginInput))); diff != "" {
		t.Errorf("of a plugin: %s", diff)
	}
	if diff := cmp.Diff([]string{"event.json", "rules.yaml", "x_test.yaml"}, names(stamps(paths, isRuleInput))); diff != "" {
		t.Errorf("of rules: %s", diff)
	}
}
