package source_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

func pos(line, column, length int) diag.Pos {
	return diag.Pos{Line: line, Column: column, Length: length}
}

func TestParseJSON(t *testing.T) {
	const text = "{\n  \"é\": [1.50, \"a\\u0062\"],\r\n  \"é\": {\"x\": null}, \"y\": []\n}\n"
	got, findings := source.ParseJSON("f.json", []byte(text))
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	want := &source.Value{Kind: event.Object, Pos: pos(1, 1, 1), Members: []source.Member{
		{Name: "é", Pos: pos(2, 3, 3), Value: &source.Value{Kind: event.Array, Pos: pos(2, 8, 1), Items: []*source.Value{
			{Kind: event.Number, Text: "1.50", Pos: pos(2, 9, 4)},
			{Kind: event.String, Text: "ab", Pos: pos(2, 15, 9)},
		}}},
		{Name: "é", Pos: pos(3, 3, 3), Value: &source.Value{Kind: event.Object, Pos: pos(3, 8, 1), Members: []source.Member{
			{Name: "x", Pos: pos(3, 9, 3), Value: &source.Value{Kind: event.Null, Text: "null", Pos: pos(3, 14, 4)}},
		}}},
		{Name: "y", Pos: pos(3, 21, 3), Value: &source.Value{Kind: event.Array, Pos: pos(3, 26, 1)}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.Get("y") == nil || got.Get("z") != nil || got.Get("z").Get("a") != nil {
		t.Error("Get finds members by name")
	}
}

func TestParseJSONFindings(t *testing.T) {
	for _, tc := range []struct {
		name, text     string
		pos            diag.Pos
		message, label string
	}{
		{"comma at the end", "{\"a\": [1,\n]}", pos(2, 1, 1), "no JSON value starts like this", "delete the comma before this"},
		{"comma at the end of an object", `{"a": 1,}`, pos(1, 9, 1), "a member name in quotes is needed here", "delete the comma before this"},
		{"single quotes", `{'a': 1}`, pos(1, 2, 1), "a member name in quotes is needed here", `write " in place of '`},
		{"comment", "{\"é\": 1 // x\n}", pos(1, 9, 1), `a "," or "}" is needed here`, "delete the comment"},
		{"bare name", `{a: 1}`, pos(1, 2, 1), "a member name in quotes is needed here", "put this in double quotes"},
		{"bare word", `{"a": yes}`, pos(1, 7, 1), "no JSON value starts like this", "put this in double quotes"},
		{"end", "{\n\"a\": [1", pos(2, 8, 1), "the list does not end", "the text ends here"},
		{"nothing", "", pos(1, 1, 1), "the text ends where a value is needed", "the text ends here"},
		{"byte order mark", "\xef\xbb\xbf{}", pos(1, 1, 1), "no JSON value starts like this", "delete the byte order mark"},
		{"more", `{} {}`, pos(1, 4, 1), "text follows the JSON value", "here"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v, findings := source.ParseJSON("f.json", []byte(tc.text))
			want := diag.List{{Code: source.CodeJSON, File: "f.json", Pos: tc.pos, Message: tc.message, Label: tc.label}}
			if diff := cmp.Diff(want, findings, cmpopts.IgnoreFields(diag.Finding{}, "Help")); diff != "" || v != nil {
				t.Errorf("value %v, findings (-want +got):\n%s", v, diff)
			}
		})
	}
}

// FuzzParseJSON: it accepts what event.CheckSyntax accepts, what it has read writes the
// same value again, and every place is where it says.
func FuzzParseJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,"x",{"é":null}],"a":true}`, "[\n 1e5,\r\n\"\\ud83d\\ude00\" ]", `"x"`, `{"":{}}`, `[1,]`, "[[],{},[{}]]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, findings := source.ParseJSON("", b)
		if (event.CheckSyntax(b) == nil) != (len(findings) == 0) || (v == nil) != (len(findings) > 0) {
			t.Fatalf("ParseJSON(%q): %v, value %v; CheckSyntax: %v", b, findings, v, event.CheckSyntax(b))
		}
		lines := strings.Split(string(b), "\n")
		if v == nil {
			if p := findings[0].Pos; p.Line < 1 || p.Line > len(lines) || p.Column < 1 || p.Column > len([]rune(lines[p.Line-1]))+1 {
				t.Errorf("ParseJSON(%q): a finding at %+v", b, p)
			}
			return
		}
		checkPlaces(t, lines, v)
		text := v.AppendJSON(nil)
		again, findings := source.ParseJSON("", text)
		if len(findings) > 0 {
			t.Fatalf("AppendJSON of %q gives %q: %v", b, text, findings)
		}
		if diff := cmp.Diff(v, again, cmpopts.IgnoreTypes(diag.Pos{})); diff != "" {
			t.Errorf("%q reads back differently:\n%s", text, diff)
		}
	})
}

func checkPlaces(t *testing.T, lines []string, v *source.Value) {
	at := func(p diag.Pos) string {
		line := []rune(lines[p.Line-1])
		return string(line[p.Column-1 : p.Column-1+p.Length])
	}
	switch v.Kind {
	case event.Object:
		if at(v.Pos) != "{" {
			t.Errorf("an object at %+v: %q", v.Pos, at(v.Pos))
		}
		for _, m := range v.Members {
			if name, ok := event.Value(at(m.Pos)).Text(); !ok || name != m.Name {
				t.Errorf("the name %q at %+v: %q", m.Name, m.Pos, at(m.Pos))
			}
			checkPlaces(t, lines, m.Value)
		}
	case event.Array:
		if at(v.Pos) != "[" {
			t.Errorf("a list at %+v: %q", v.Pos, at(v.Pos))
		}
		for _, item := range v.Items {
			checkPlaces(t, lines, item)
		}
	case event.String:
		if s, ok := event.Value(at(v.Pos)).Text(); !ok || s != v.Text {
			t.Errorf("the string %q at %+v: %q", v.Text, v.Pos, at(v.Pos))
		}
	default:
		if at(v.Pos) != v.Text {
			t.Errorf("%s at %+v: %q", v.Text, v.Pos, at(v.Pos))
		}
	}
}
