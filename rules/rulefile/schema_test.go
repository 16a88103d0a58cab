package rulefile

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// compileSchema compiles a schema, which also checks it against draft 2020-12.
func compileSchema(t *testing.T, src []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(src))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// structural are the codes of what a schema can see too.
var structural = []string{"R001", "R002", "R003", "R008", "R010", "R011", "R012", "R013", "R014", "R015", "T007"}

// TestSchemas: the schemas take every good file. They refuse a bad one if its findings
// are about structure; they know nothing of expressions and of other files.
func TestSchemas(t *testing.T) {
	rules, tests := compileSchema(t, Schema()), compileSchema(t, TestSchema())
	names, err := filepath.Glob("testdata/*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for _, name := range names {
		t.Run(strings.TrimPrefix(name, "testdata/"), func(t *testing.T) {
			list, data, file := loadGolden(t, name)
			r := read(File{Name: file, Data: data})
			if len(r.list) > 0 || r.doc.Root == nil {
				return // no YAML, or none of ours
			}
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(r.doc.Root.AppendJSON(nil)))
			if err != nil {
				t.Fatal(err)
			}
			s := rules
			if strings.HasPrefix(name, "testdata/tests/") {
				s = tests
			}
			err = s.Validate(value)
			wantError := false
			for _, f := range list {
				// What the manifest asks of a target's config is not in the schema.
				if slices.Contains(structural, f.Code) && !strings.Contains(f.Path, ".config") {
					wantError = true
				}
			}
			switch {
			case err != nil && len(list) == 0:
				t.Errorf("the schema refuses a good file: %v", err)
			case err == nil && wantError:
				t.Errorf("the schema takes what check refuses: %v", list)
			case err != nil:
				refused++
			}
		})
	}
	if refused == 0 {
		t.Error("the schema refused nothing")
	}
}

// TestSchema_descriptions: an editor has something to show for every field.
func TestSchema_descriptions(t *testing.T) {
	for name, src := range map[string][]byte{"rules": Schema(), "tests": TestSchema()} {
		var doc any
		if err := json.Unmarshal(src, &doc); err != nil {
			t.Fatal(err)
		}
		fields := 0
		var walk func(path string, v any)
		walk = func(path string, v any) {
			switch v := v.(type) {
			case map[string]any:
				properties, _ := v["properties"].(map[string]any)
				for field, p := range properties {
					fields++
					if d, _ := p.(map[string]any)["description"].(string); !strings.HasSuffix(d, ".") {
						t.Errorf("%s%s.%s: description %q", name, path, field, d)
					}
				}
				for k, x := range v {
					walk(path+"."+k, x)
				}
			case []any:
				for _, x := range v {
					walk(path, x)
				}
			}
		}
		walk("", doc)
		if fields < 10 {
			t.Errorf("%s: %d fields", name, fields)
		}
	}
}

// TestSchema_golden: the schema is a contract with editors; its diff is to be looked at.
func TestSchema_golden(t *testing.T) {
	for name, got := range map[string][]byte{"testdata/rules.schema.json": Schema(), "testdata/tests.schema.json": TestSchema()} {
		if *update {
			if err := os.WriteFile(name, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, got) {
			t.Errorf("%s is another one now; go test -run Schema -update, and look at the diff", name)
		}
	}
}
