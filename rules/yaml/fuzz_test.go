package yaml

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
	yamlv3 "go.yaml.in/yaml/v3"
)

// seeds are the texts of the tests and of the rule files beside this package.
func seeds(t testing.TB) [][]byte {
	var out [][]byte
	names, err := filepath.Glob("../rulefile/testdata/*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b)
	}
	for _, c := range accepted {
		out = append(out, []byte(c.src))
	}
	for _, c := range refused {
		out = append(out, []byte(c.src))
	}
	return out
}

// FuzzAgrees: what this reader takes without a finding, yaml.v3 takes too, and both read
// the same structure and the same texts.
func FuzzAgrees(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		doc, list := Parse("x.yaml", src)
		if len(list) > 0 || doc.Root == nil {
			return
		}
		var n yamlv3.Node
		if err := yamlv3.Unmarshal(src, &n); err != nil {
			if knownRefusal(src, err) {
				return
			}
			t.Fatalf("yaml.v3 refuses what we take: %v\n%s", err, src)
		}
		if len(n.Content) == 0 {
			t.Fatalf("yaml.v3 reads nothing\n%s", src)
		}
		if diff := agree(doc, doc.Root, n.Content[0], "$"); diff != "" {
			t.Fatalf("%s\n%s", diff, src)
		}
	})
}

// knownRefusal names what yaml.v3 does not read and JSON, or YAML 1.2, does.
func knownRefusal(src []byte, err error) bool {
	// JSON writes \/ and surrogate pairs, which yaml.v3 does not read.
	if strings.Contains(err.Error(), "unknown escape character") && bytes.Contains(src, []byte(`\/`)) {
		return true
	}
	// Nor does it read an empty line that holds a tab.
	if (strings.Contains(err.Error(), "cannot start any token") || strings.Contains(err.Error(), "tab character")) && bytes.Contains(src, []byte("\t")) {
		return true
	}
	// It ends a word in brackets at a question mark, as YAML 1.1 has it.
	if bytes.ContainsAny(src, "[{") && bytes.Contains(src, []byte("?")) {
		return true
	}
	return strings.Contains(err.Error(), "invalid Unicode character escape code") && bytes.Contains(bytes.ToLower(src), []byte(`\ud`))
}

// agree compares a value with yaml.v3's node.
func agree(d *Doc, v *source.Value, n *yamlv3.Node, path string) string {
	switch v.Kind {
	case event.Object:
		if n.Kind != yamlv3.MappingNode || len(n.Content) != 2*len(v.Members) {
			return fmt.Sprintf("%s: an object of %d members here, kind %d with %d nodes there", path, len(v.Members), n.Kind, len(n.Content))
		}
		for i, m := range v.Members {
			if key := n.Content[2*i]; key.Value != m.Name {
				return fmt.Sprintf("%s: key %q here, %q there", path, m.Name, key.Value)
			}
			if s := agree(d, m.Value, n.Content[2*i+1], path+"."+m.Name); s != "" {
				return s
			}
		}
	case event.Array:
		if n.Kind != yamlv3.SequenceNode || len(n.Content) != len(v.Items) {
			return fmt.Sprintf("%s: a list of %d items here, kind %d with %d nodes there", path, len(v.Items), n.Kind, len(n.Content))
		}
		for i, item := range v.Items {
			if s := agree(d, item, n.Content[i], fmt.Sprintf("%s[%d]", path, i)); s != "" {
				return s
			}
		}
	default:
		return agreeScalar(v, n, path)
	}
	return ""
}

func agreeScalar(v *source.Value, n *yamlv3.Node, path string) string {
	text := v.Text
	if v.Kind == event.Null && n.Value == "" {
		text = ""
	}
	if n.Kind != yamlv3.ScalarNode || n.Value != text {
		return fmt.Sprintf("%s: %q here, kind %d %q there", path, text, n.Kind, n.Value)
	}
	if _, err := strconv.ParseFloat(v.Text, 64); v.Kind == event.Number && err != nil {
		return "" // beyond what yaml.v3 calls a number
	}
	if tag := n.ShortTag(); v.Kind == event.Number && tag != "!!int" && tag != "!!float" {
		return fmt.Sprintf("%s: number %q here, %s there", path, text, tag)
	}
	return ""
}

// FuzzPlaces: findings and values stand inside the file, and a text's runes are found
// where Locate says.
func FuzzPlaces(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		doc, list := Parse("x.yaml", src)
		lines := strings.Split(string(bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n"))), "\n")
		inside := func(line, column, length int) {
			t.Helper()
			if line < 1 || line > len(lines) || column < 1 || length < 1 || column+length > utf8.RuneCountInString(lines[line-1])+2 {
				t.Fatalf("%d:%d+%d is outside of the file\n%q", line, column, length, src)
			}
		}
		for _, x := range list {
			inside(x.Line, x.Column, x.Length)
		}
		var walk func(v *source.Value)
		walk = func(v *source.Value) {
			inside(v.Pos.Line, v.Pos.Column, v.Pos.Length)
			for i := range utf8.RuneCountInString(v.Text) + 1 {
				p := doc.Locate(v, i, 1)
				inside(p.Line, p.Column, p.Length)
			}
			for _, item := range v.Items {
				walk(item)
			}
			for _, m := range v.Members {
				inside(m.Pos.Line, m.Pos.Column, m.Pos.Length)
				walk(m.Value)
			}
		}
		if doc.Root != nil {
			walk(doc.Root)
		}
	})
}
