package rulefile

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/source"
)

// A page of a code has one form: its title, what it means, an example of what gives the
// code, and the same as it should be.
var pageForm = regexp.MustCompile("(?s)^# ([A-Z][0-9]{3}): [^\n]+\n\n.+?\n\n" +
	"## Instead of\n\n```([^\n]+)\n(.+?)\n```\n\n## Write\n\n```([^\n]+)\n(.+?)\n```\n$")

// wrappings make a whole file of the part that a page shows.
var wrappings = map[string]struct {
	head   string
	indent int
}{
	"yaml":            {"", 0},
	"yaml function":   {"", 0},
	"yaml rule":       {"version: 1\nrules:\n  - name: example\n", 4},
	"yaml memory":     {"version: 1\nrules:\n  - name: example\n", 4},
	"yaml set memory": {"", 0},
	"yaml pattern":    {"version: 1\nrules:\n  - name: example\n    pattern:\n", 6},
	"yaml target":     {"version: 1\ntargets:\n  - name: example\n    plugin: log\n", 4},
	"yaml test":       {"version: 1\ntests:\n  - name: example\n", 4},
	"yaml unknown":    {"version: 1\ntests:\n  - name: example\n", 4},
	"yaml tests":      {"version: 1\ntests:\n", 2},
}

// exampleFindings checks an example of a page; ok is false where it cannot be checked.
func exampleFindings(t *testing.T, info, text string) (list diag.List, ok bool) {
	t.Helper()
	if info == "json" {
		v, list := source.ParseJSON("example.json", []byte(text))
		if len(list) == 0 {
			r := read(File{Name: "example.yaml"})
			r.pattern(v, "")
			list = r.list
		}
		return list, true
	}
	w, ok := wrappings[info]
	if !ok {
		return nil, false
	}
	indent := strings.Repeat(" ", w.indent)
	file := File{Name: "rules/example.yaml", Data: []byte(w.head + indent + strings.ReplaceAll(text, "\n", "\n"+indent) + "\n")}
	switch info {
	case "yaml test", "yaml tests":
		_, list = ParseTests(file)
	case "yaml unknown":
		tests, found := ParseTests(file)
		list = append(found, tests.Unknown(&Set{Rules: []Rule{{Name: "large"}}})...)
	default:
		o := goldenOptions("plugins")
		o.Durable = !strings.HasSuffix(info, " memory")
		var set *Set
		set, list = Load([]File{file}, o)
		if info == "yaml function" {
			list = append(list, set.Function(false, o.Plugins)...)
		}
	}
	return list, true
}

// TestPages: every page has the form, its first example gives its code and no other,
// and its second gives nothing.
func TestPages(t *testing.T) {
	for _, code := range diag.Codes() {
		t.Run(code, func(t *testing.T) {
			page, _ := diag.Page(code)
			m := pageForm.FindStringSubmatch(page)
			if m == nil || m[1] != code {
				t.Fatalf("the page has not the form of a page:\n%s", page)
			}
			if list, ok := exampleFindings(t, m[2], m[3]); ok && len(list) == 0 {
				t.Errorf("the first example gives nothing:\n%s", m[3])
			} else {
				for _, f := range list {
					if f.Code != code {
						t.Errorf("the first example gives %s", f.Error())
					}
				}
			}
			list, _ := exampleFindings(t, m[4], m[5])
			for _, f := range list {
				t.Errorf("the second example gives %s", f.Error())
			}
		})
	}
}

var codeLiteral = regexp.MustCompile(`"([A-Z][0-9]{3})"`)

// TestCodesHavePages: every code in the source has a page, and every page's code is in
// the source.
func TestCodesHavePages(t *testing.T) {
	used := map[string]string{}
	for _, root := range []string{"../../rules", "../../runtime", "../../ingest", "../../sdk"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			src, err := os.ReadFile(path)
			for _, m := range codeLiteral.FindAllSubmatch(src, -1) {
				used[string(m[1])] = path
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for code, path := range used {
		if _, ok := diag.Page(code); !ok {
			t.Errorf("%s uses %s: write rules/diag/codes/%s.md", path, code, code)
		}
	}
	for _, code := range diag.Codes() {
		if used[code] == "" {
			t.Errorf("rules/diag/codes/%s.md explains a code that nothing uses", code)
		}
	}
}

// TestCodesAreReached: every code of these packages comes out of an example of its page
// or a golden file.
func TestCodesAreReached(t *testing.T) {
	var seen []string
	files, err := filepath.Glob("testdata/*/*.diag")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^(?:error|warning)\[(.+?)\]`).FindAllSubmatch(b, -1) {
			seen = append(seen, string(m[1]))
		}
	}
	elsewhere := []string{"C001", "C002", "G004"} // runtime/config, runtime/service/xray, runtime/cli
	for _, code := range diag.Codes() {
		page, _ := diag.Page(code)
		m := pageForm.FindStringSubmatch(page)
		if m == nil || m[2] != "text" || slices.Contains(elsewhere, code) {
			continue // TestPages has it
		}
		if !slices.Contains(seen, code) {
			t.Errorf("%s has no checked example: write testdata/*/*.bad.yaml for it", code)
		}
	}
}
