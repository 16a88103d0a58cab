package yaml

import (
	"fmt"
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

var refused = []struct{ name, src, code, place, want string }{
	{"anchor", "a: &x 1\nb: 2", "Y005", "1:4+2", `{"a":1,"b":2}`},
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
