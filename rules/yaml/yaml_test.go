package yaml

import (
	"fmt"
	"strings"
	"testing"
)

var accepted = []struct{ name, src, want string }{
	{"object", "a: 1\nb: x", `{"a":1,"b":"x"}`},
	{"json", `{"a":1,"b":[true,null,"\ud83d\ude00\/"]}`, `{"a":1,"b":[true,null,"😀/"]}`},
	{"json's scalars and nothing else", "a: [1, -0.5e3, 012, 0x10, 1_000, +1, .5, 1., true, True, yes, ~, null, 2024-01-02, 1e3]",
		`{"a":[1,-0.5e3,"012","0x10","1_000","+1",".5","1.",true,"True","yes","~",null,"2024-01-02",1e3]}`},
	{"nothing after a colon", "a:\nb: 1", `{"a":null,"b":1}`},
	{"nested", "a:\n  b:\n  - c: 1\n    d: 2\n  -   e: 3\n      f: 4\ng: 5\n", `{"a":{"b":[{"c":1,"d":2},{"e":3,"f":4}]},"g":5}`},
	{"list in list", "- - a\n  - b\n- c\n", `[["a","b"],"c"]`},
	{"dash alone", "-\n  a: 1\n-\n", `[{"a":1},null]`},
	{"comments", "# one\na: 1 # two\n  # three\nb: c#d # four\n", `{"a":1,"b":"c#d"}`},
	{"plain text", "a: it's fine: no, x:y \"z\" [w]\nb: https://x.y/z?q=1\n", ``},
	{"plain on two lines", "a: one\n  two\n\n  three\nb: 1", `{"a":"one two\nthree","b":1}`},
	{"quotes", `a: 'it''s'` + "\n" + `"b c": "x\ty\x41\u00e9 \"q\""`, `{"a":"it's","b c":"x\ty` + "Aé" + ` \"q\""}`},
	{"quotes on two lines", "a: 'one \n   two\n\n  three'\nb: \"one\\\n  two \\\n  three\\n\n  four\"", `{"a":"one two\nthree","b":"onetwo three\n four"}`},
	{"block of text", "a: |\n  one\n    two\n\n  three\nb: 1", `{"a":"one\n  two\n\nthree\n","b":1}`},
	{"block, stripped", "a: |-\n  one\n\nb: 1", `{"a":"one","b":1}`},
	{"block, kept", "a: |+\n  one\n\nb: 1", `{"a":"one\n\n","b":1}`},
	{"block, folded", "a: >\n  one\n  two\n\n  three\n    four\n  five\nb: 1", `{"a":"one two\nthree\n  four\nfive\n","b":1}`},
	{"block with its own indent", "a: |2\n    one\n  two\n", `{"a":"  one\ntwo\n"}`},
	{"block in a list", "- |\n  a: b\n- c", `["a: b\n","c"]`},
	{"block without a break at the end", "a: |\n  one", `{"a":"one"}`},
	{"empty block", "a: |\nb: 1", `{"a":"","b":1}`},
	{"flow over lines", "a: {b: c, # x\n  d: [e,\n    f],\n}\ng: 1", `{"a":{"b":"c","d":["e","f"]},"g":1}`},
	{"url in braces", "a: {b: http://x/y, c: d:e}", `{"a":{"b":"http://x/y","c":"d:e"}}`},
	{"header", "# x\n---\na: 1\n", `{"a":1}`},
	{"carriage returns", "a: 1\r\nb: |\r\n  x\r\n", `{"a":1,"b":"x\n"}`},
	{"byte order mark", "\ufeffa: 1", `{"a":1}`},
	{"operators that need no quotes", "a: [<, <=, =]", `{"a":["<","<=","="]}`},
	{"empty brackets", "a: []\nb: {}", `{"a":[],"b":{}}`},
}

func TestParse(t *testing.T) {
	for _, tc := range accepted {
		t.Run(tc.name, func(t *testing.T) {
			doc, list := Parse("x.yaml", []byte(tc.src))
			if tc.want == "" {
				if len(list) == 0 {
					t.Fatalf("Parse(%q) = %s, want findings", tc.src, doc.Root.AppendJSON(nil))
				}
				return
			}
			if len(list) > 0 {
				t.Fatalf("Parse(%q): %v", tc.src, list)
			}
			if got := string(doc.Root.AppendJSON(nil)); got != tc.want {
				t.Errorf("Parse(%q)\n got %s\nwant %s", tc.src, got, tc.want)
			}
		})
	}
}

// refused are texts with one mistake each: the finding's code and place, and what is
// read all the same.
var refused = []struct{ name, src, code, place, want string }{
	{"anchor", "a: &x 1\nb: 2", "Y005", "1:4+2", `{"a":1,"b":2}`},
	{"anchor of a block", "a: &x\n  b: 1\nc: 2", "Y005", "1:4+2", `{"a":{"b":1},"c":2}`},
	{"anchor of an item", "- &x a: 1\n  b: 2\n- c", "Y005", "1:3+2", `[{"a":1,"b":2},"c"]`},
	{"anchor in brackets", "a: [&x 1, 2]", "Y005", "1:5+2", `{"a":[1,2]}`},
	{"alias", "a: *x\nb: 2", "Y003", "1:4+2", `{"a":"*x","b":2}`},
	{"wildcard in brackets", "a: [*.png, b]", "Y003", "1:5+5", `{"a":["*.png","b"]}`},
	{"tag before a word", "a: !x\nb: 2", "Y004", "1:4+2", `{"a":"!x","b":2}`},
	{"tag before a value", "a: !!map {b: 1}\nc: 2", "Y004", "1:4+5", `{"a":{"b":1},"c":2}`},
	{"operator", "a: [>=, 5]", "Y002", "1:5+2", `{"a":[">=",5]}`},
	{"operator outside of brackets", "a: > 5\nb: 1", "Y002", "1:4+3", `{"a":"> 5","b":1}`},
	{"after a quote", "a: \"x\" y\nb: 1", "Y006", "1:8+1", `{"a":"x","b":1}`},
	{"after a bracket", "a: [x] y\nb: 1", "Y006", "1:8+1", `{"a":["x"],"b":1}`},
	{"tab", "a:\n\tb: 1\n", "Y007", "2:1+1", `{"a":{"b":1}}`},
	{"duplicate", "a: 1\nb: 2\na: 3", "Y008", "3:1+1", `{"a":1,"b":2}`},
	{"duplicate in braces", "{a: 1, a: 2}", "Y008", "1:8+1", `{"a":1}`},
	{"too deep", "a: 1\n  b: 2\nc: 3", "Y009", "2:3+4", `{"a":1,"c":3}`},
	{"not deep enough", "a:\n    b: 1\n  c: 2\nd: 3", "Y009", "3:3+4", `{"a":{"b":1},"d":3}`},
	{"item among keys", "a: 1\n- b\nc: 3", "Y009", "2:1+1", `{"a":1,"c":3}`},
	{"item beside its key", "a: - b\nc: 3", "Y009", "1:4+1", `{"a":null,"c":3}`},
	{"item below a word", "a: x\n  - b\nc: 3", "Y009", "2:3+3", `{"a":"x","c":3}`},
	{"open bracket", "a: [b, c\nd: 1", "Y010", "1:4+1", `{"a":["b","c"],"d":1}`},
	{"open brackets", "a: {b: [c, {d: 1\ne: 1", "Y010", "1:12+1", `{"a":{"b":["c",{"d":1}]},"e":1}`},
	{"other bracket", "a: {b: [c}\nd: 1", "Y010", "1:8+1", `{"a":{"b":["c"]},"d":1}`},
	{"bracket never opened", "a: [b}\nd: 1", "Y010", "1:6+1", `{"a":["b"],"d":1}`},
	{"open quote", "a: \"b\nc: 1", "Y010", "1:4+2", `{"a":"b","c":1}`},
	{"open quote at the end", "a: 1\nc: 'x", "Y010", "2:4+2", `{"a":1,"c":"x"}`},
	{"second colon", "a: b: c\nd: 1", "Y011", "1:5+1", `{"a":"b","d":1}`},
	{"second colon in braces", "a: {b: c: d, e: 1}", "Y011", "1:9+1", `{"a":{"b":"c","e":1}}`},
	{"no colon", "a: 1\nb\nc: 3", "Y012", "2:1+1", `{"a":1,"c":3}`},
	{"no space after a colon", "a: 1\nb:2\nc: 3", "Y012", "2:1+3", `{"a":1,"c":3}`},
	{"no value in braces", "a: {b, c: 1}", "Y012", "1:5+1", `{"a":{"c":1}}`},
	{"second document", "a: 1\n---\nb: 2", "Y013", "2:1+3", `{"a":1}`},
	{"directive", "%YAML 1.2\n---\na: 1", "Y013", "1:1+9", `{"a":1}`},
	{"merge key", "<<: {x: 1}\na: 1", "Y014", "1:1+2", `{"<<":{"x":1},"a":1}`},
	{"reserved", "a: @b\nc: 1", "Y015", "1:4+2", `{"a":"@b","c":1}`},
	{"escape", `a: "\d"`, "Y016", "1:5+2", `{"a":"\\d"}`},
	{"half a surrogate", `a: "\ud83d x"`, "Y016", "1:5+2", `{"a":"\\ud83d x"}`},
	{"missing comma", "a: [b\n  c]", "Y018", "2:3+1", `{"a":["b","c"]}`},
	{"double comma", "a: [b,, c]", "Y018", "1:7+1", `{"a":["b","c"]}`},
	{"pair in a list", "a: [b: 1, c]", "Y018", "1:5+2", `{"a":["b","c"]}`},
	{"dash in brackets", "a: [- b]", "Y018", "1:5+1", `{"a":["- b"]}`},
	{"places count characters", "é: {ü: \"日本\", ß: *x}", "Y003", "1:17+2", `{"é":{"ü":"日本","ß":"*x"}}`},
}

func TestParse_refused(t *testing.T) {
	for _, tc := range refused {
		t.Run(tc.name, func(t *testing.T) {
			doc, list := Parse("x.yaml", []byte(tc.src))
			if len(list) != 1 {
				t.Fatalf("Parse(%q): %d findings, want one: %v", tc.src, len(list), list)
			}
			f := list[0]
			if got := fmt.Sprintf("%d:%d+%d", f.Line, f.Column, f.Length); got != tc.place || f.Code != tc.code {
				t.Errorf("Parse(%q): %s at %s, want %s at %s", tc.src, f.Code, got, tc.code, tc.place)
			}
			if doc.Root == nil {
				t.Fatal("nothing read")
			}
			if got := string(doc.Root.AppendJSON(nil)); got != tc.want {
				t.Errorf("Parse(%q)\n got %s\nwant %s", tc.src, got, tc.want)
			}
		})
	}
}

// TestParse_unreadable: some files are read no further.
func TestParse_unreadable(t *testing.T) {
	for _, tc := range []struct{ name, src, code, place string }{
		{"not UTF-8", "a: 1\nb: caf\xe9", "Y001", "2:7+1"},
		{"control character", "a: \x07", "Y001", "1:4+1"},
		{"line separator", "a: x\u2028y", "Y001", "1:5+1"},
		{"lone carriage return", "a: 1\rb: 2", "Y001", "1:5+1"},
		{"deep", strings.Repeat("[", 101) + strings.Repeat("]", 101), "Y017", "1:100+1"},
		{"deep block", strings.Repeat("- ", 101) + "x", "Y017", "1:201+1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, list := Parse("x.yaml", []byte(tc.src))
			if len(list) != 1 || list[0].Code != tc.code || fmt.Sprintf("%d:%d+%d", list[0].Line, list[0].Column, list[0].Length) != tc.place {
				t.Errorf("got %v, want %s at %s", list, tc.code, tc.place)
			}
		})
	}
}

// TestLocate: the places of parts of a text, in every way to write one.
func TestLocate(t *testing.T) {
	for _, tc := range []struct {
		name, src      string
		offset, length int
		want           string
	}{
		{"plain", "a: one two", 4, 3, "1:8+3"},
		{"plain, beyond its end", "a: one", 9, 3, "1:6+1"},
		{"plain on two lines", "a: one\n  two", 4, 3, "2:3+3"},
		{"over a line's end", "a: one\n  two", 2, 4, "1:6+1"},
		{"in quotes", `a: "é\u00e9 x"`, 1, 1, "1:6+1"},
		{"after escapes", `a: "\\\" x"`, 3, 1, "1:10+1"},
		{"in single quotes", "a: 'it''s x'", 5, 1, "1:11+1"},
		{"block", "a: |\n    one\n    two\n", 4, 3, "3:5+3"},
		{"block, second line", "a: |\n    日本\n      two\n", 5, 3, "3:7+3"},
		{"folded", "a: >\n  one\n  two\n\n  three\n", 8, 5, "5:3+5"},
		{"end of a block", "a: |\n  one\n", 4, 1, "2:6+1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			doc, list := Parse("x.yaml", []byte(tc.src))
			if len(list) > 0 {
				t.Fatal(list)
			}
			p := doc.Locate(doc.Root.Members[0].Value, tc.offset, tc.length)
			if got := fmt.Sprintf("%d:%d+%d", p.Line, p.Column, p.Length); got != tc.want {
				t.Errorf("Locate(%d, %d) = %s, want %s", tc.offset, tc.length, got, tc.want)
			}
		})
	}
}

// TestParse_longLine: places are counted on from one to the next, as a file may be one
// line; counting each from the line's start takes a minute here.
func TestParse_longLine(t *testing.T) {
	const n = 100_000
	doc, list := Parse("x.yaml", []byte("{a: ["+strings.Repeat(`{"é": [1, x, "y"]}, `, n)+"]}"))
	if len(list) > 0 {
		t.Fatal(list)
	}
	items := doc.Root.Get("a").Items
	last := items[n-1].Get("é").Items[2]
	if want := 6 + 20*(n-1) + 13; last.Pos.Column != want || last.Pos.Length != 3 {
		t.Errorf("the last text is at %+v, want column %d", last.Pos, want)
	}
}
