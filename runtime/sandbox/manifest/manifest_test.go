package manifest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-engine/tocsin/plugins"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
)

const digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

// TestShipped: the manifests of the shipped targets can be read, and rule files know
// their names.
func TestShipped(t *testing.T) {
	names, err := filepath.Glob("../../../plugins/*/" + File)
	if err != nil || len(names) == 0 {
		t.Fatal("no manifest", err)
	}
	var shipped []string
	for _, name := range names {
		shipped = append(shipped, filepath.Base(filepath.Dir(name)))
		m, err := Read(name)
		if err != nil {
			t.Error(err)
		}
		if want := filepath.Base(filepath.Dir(name)); m.Name != want || m.Module.Path != want+".wasm" {
			t.Errorf("%s: %+v", name, m)
		}
	}
	if !slices.Equal(shipped, rulefile.Shipped) || !slices.Equal(shipped, plugins.Names) {
		t.Errorf("plugins/ has %v; rulefile.Shipped is %v, plugins.Names %v", shipped, rulefile.Shipped, plugins.Names)
	}
}

// TestParse_findings: an error names the file, the place and what to write, for each
// thing to change.
func TestParse_findings(t *testing.T) {
	_, err := Parse("x/plugin.yaml", []byte("name: slack\nabi: v1\nmodule: {path: ../slack.wasm}\n"))
	if err == nil || !strings.Contains(err.Error(), "below the manifest's folder") {
		t.Errorf("a path out of the folder: %v", err)
	}
	_, err = Parse("x/plugin.yaml", []byte("name: slack\nabi: v2\nmodule: {pth: a.wasm}\n"))
	for _, want := range []string{`x/plugin.yaml:2:6: error R011: abi: "abi" is v1`, `x/plugin.yaml:3:10: error R001`, `did you mean "path"?`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}

func TestSetDigest(t *testing.T) {
	const head = "# mine\nname: slack # keep\nabi: v1\n"
	for _, tc := range []struct{ name, module, want string }{
		{"braces", "module: {path: slack.wasm}\n", "module: {path: slack.wasm, sha256: " + digest + "}\n"},
		{"braces, replaced", "module: {path: slack.wasm, sha256: " + strings.Repeat("a", 64) + "}\n", "module: {path: slack.wasm, sha256: " + digest + "}\n"},
		{"lines", "module:\n  path: slack.wasm\nneeds: {}\n", "module:\n  path: slack.wasm\n  sha256: " + digest + "\nneeds: {}\n"},
		{"lines, replaced", "module:\n  path: slack.wasm\n  sha256: \"" + strings.Repeat("a", 64) + "\"\n", "module:\n  path: slack.wasm\n  sha256: " + digest + "\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := SetDigest([]byte(head+tc.module), digest)
			if err != nil || string(got) != head+tc.want {
				t.Errorf("got %q, %v\nwant %q", got, err, head+tc.want)
			}
		})
	}
	if _, err := SetDigest([]byte(head), digest); err == nil {
		t.Error("a manifest without a module took a digest")
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	wasm := filepath.Join(dir, "slack.wasm")
	if _, err := Find(wasm); err == nil {
		t.Error("found a manifest that is not there")
	}
	for _, name := range []string{File, "slack.plugin.yaml"} { // the second wins once it is there
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := Find(wasm); err != nil || got != filepath.Join(dir, name) {
			t.Errorf("Find = %s, %v, want %s", got, err, name)
		}
	}
}
