package rulefile

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tocsin-engine/tocsin/rules/diag"
)

// addSeeds adds the files of testdata.
func addSeeds(f *testing.F) {
	names, err := filepath.Glob("testdata/*/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(orders))
}

// checkFindings: every finding has a code with a page, stands inside the file, says
// what to write, and can be rendered.
func checkFindings(t *testing.T, src []byte, list diag.List) {
	t.Helper()
	lines := strings.Split(string(bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n"))), "\n")
	for i, f := range list {
		if _, ok := diag.Page(f.Code); !ok {
			t.Errorf("%s has no page", f.Code)
		}
		if f.Message == "" || f.Label == "" {
			t.Errorf("%s does not say what to write: %q", f.Error(), f.Label)
		}
		if strings.ContainsAny(f.Message+f.Label+f.Help, "\n\r") {
			t.Errorf("%s: more than a line: %q %q %q", f.Code, f.Message, f.Label, f.Help)
		}
		if f.Line < 1 || f.Line > len(lines) || f.Column < 1 || f.Length < 1 ||
			f.Column+f.Length > utf8.RuneCountInString(lines[f.Line-1])+2 {
			t.Errorf("%s stands outside of the file: %d:%d+%d", f.Code, f.Line, f.Column, f.Length)
		}
		if i > 0 && (list[i-1].Line > f.Line) {
			t.Errorf("not sorted: %s after %s", f.Error(), list[i-1].Error())
		}
	}
	report := diag.Report{Findings: list, Sources: map[string][]byte{"rules/fuzz.yaml": src}}
	for _, format := range diag.Formats {
		if err := report.Write(&bytes.Buffer{}, format); err != nil {
			t.Errorf("%s: %v", format, err)
		}
	}
}

// FuzzLoad: Load never panics, its findings are findings, and a set without an error
// holds every rule and target of the file.
func FuzzLoad(f *testing.F) {
	addSeeds(f)
	o := goldenOptions("plugins")
	f.Fuzz(func(t *testing.T, src []byte) {
		set, list := Load([]File{{Name: "rules/fuzz.yaml", Data: src}}, o)
		checkFindings(t, src, list)
		if list.Errors() > 0 {
			return
		}
		root := read(File{Data: src}).doc.Root
		if len(set.Rules) != len(items(root, "rules")) || len(set.Targets) != len(items(root, "targets")) || len(set.Plugins) != len(items(root, "plugins")) {
			t.Errorf("the set has %d rules, %d targets, %d plugins; the file %d, %d, %d", len(set.Rules), len(set.Targets), len(set.Plugins),
				len(items(root, "rules")), len(items(root, "targets")), len(items(root, "plugins")))
		}
		for _, r := range set.Rules {
			if r.Name == "" || r.Pattern == nil && r.When == nil || r.OncePer != nil && (r.OncePer.Key == nil || r.OncePer.Every <= 0) {
				t.Errorf("a rule that cannot run: %+v", r)
			}
		}
	})
}

// FuzzParseTests: the same for test files; every test has steps in order, and each of
// them expects or sends something that can be sent.
func FuzzParseTests(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		file, list := ParseTests(File{Name: "rules/fuzz.yaml", Data: src})
		checkFindings(t, src, list)
		checkFindings(t, src, file.Unknown(&Set{}))
		for _, test := range file.Tests {
			for i, s := range test.Steps {
				if i > 0 && s.At < test.Steps[i-1].At {
					t.Errorf("step %d goes back in time", i)
				}
			}
			if list.Errors() == 0 && (test.Name == "" && !bytes.Contains(src, []byte("name")) || len(test.Steps) == 0) {
				t.Errorf("a test without a name or steps: %+v", test)
			}
		}
	})
}

// FuzzParseManifest: the same for a plugin's manifest.
func FuzzParseManifest(f *testing.F) {
	addSeeds(f)
	f.Add([]byte("name: slack\nabi: v1\nmodule: {path: slack.wasm}\nneeds: {http: [$config.url], kv: 1MiB}\nlimits: {time: 2s}\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		m, list := ParseManifest(File{Name: "rules/fuzz.yaml", Data: src})
		checkFindings(t, src, list)
		if list.Errors() == 0 && (m.Name == "" || m.ABI != "v1" && m.ABI != "wasi-command" && m.ABI != "extism" || m.Module.Path == "" && !bytes.Contains(src, []byte("path"))) {
			t.Errorf("a manifest that says nothing: %+v", m)
		}
	})
}
