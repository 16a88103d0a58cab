package event_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

func TestCheck(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for _, tc := range []struct {
		name, text string
		at         int // -1: accepted
		reason     string
	}{
		{"object", ` {"a": [1, -0.5e+3, "x", true, false, null, {}, []]} `, -1, ""},
		{"scalar", `5`, -1, ""},
		{"escapes", `"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"`, -1, ""},
		{"lone surrogate", `"\ud800"`, -1, ""},
		{"depth at the limit", deep(event.MaxDepth), -1, ""},
		{"empty", ``, 0, "the text ends where a value is needed"},
		{"depth beyond", deep(event.MaxDepth + 1), event.MaxDepth, "nested more than 100 deep"},
		{"two values", `{} {}`, 3, "text follows the JSON value"},
		{"twice", `{"a": 1, "a": 2}`, 9, `the name "a" stands twice in one object`},
		{"twice, escaped", `{"a": 1, "\u0061": 2}`, 9, `the name "a" stands twice in one object`},
		{"twice, inside", `{"x": [{"b": 1, "b": 2}]}`, 16, `the name "b" stands twice in one object`},
		{"the same name in siblings", `{"x": {"a": 1}, "y": {"a": 1}, "a": 1}`, -1, ""},
		{"comma before }", `{"a": 1,}`, 8, "a member name in quotes is needed here"},
		{"comma before ]", `[1,]`, 3, "no JSON value starts like this"},
		{"no comma", `[1 2]`, 3, `a "," or "]" is needed here`},
		{"no colon", `{"a" 1}`, 5, `a ":" is needed here`},
		{"no end of object", `{"a": 1`, 7, "the object does not end"},
		{"no end of list", `[1`, 2, "the list does not end"},
		{"no end of string", `"abc`, 0, "the string does not end"},
		{"leading zero", `[01]`, 1, "a number has no leading zero"},
		{"point", `[1.]`, 1, "a number needs a digit after its point"},
		{"exponent", `[1e]`, 1, "a number needs a digit in its exponent"},
		{"sign", `[-]`, 1, "a number needs a digit"},
		{"plus", `[+1]`, 1, "no JSON value starts like this"},
		{"word", `[nul]`, 1, "no JSON value starts like this"},
		{"control character", "\"a\nb\"", 2, "a control character in a string must be escaped"},
		{"bad escape", `"\x"`, 1, "no such escape"},
		{"short \\u", `"\u12"`, 1, `\u needs four hexadecimal digits`},
		{"not UTF-8", "\"\xff\"", 1, "the text is not UTF-8"},
		{"surrogate in UTF-8", "\"\xed\xa0\x80\"", 1, "the text is not UTF-8"},
		{"byte order mark", "\xef\xbb\xbf{}", 0, "no JSON value starts like this"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := event.Check([]byte(tc.text))
			if tc.at < 0 {
				if err != nil {
					t.Fatalf("Check(%s) = %v, want it accepted", tc.text, err)
				}
				return
			}
			var syntax *event.SyntaxError
			if !errors.As(err, &syntax) || syntax.Offset != tc.at || !strings.HasPrefix(syntax.Reason, tc.reason) {
				t.Errorf("Check(%s) = %v, want byte %d: %s", tc.text, err, tc.at, tc.reason)
			}
		})
	}
}

func TestCheckSyntaxAcceptsNamesThatStandTwice(t *testing.T) {
	if err := event.CheckSyntax([]byte(`{"a": 1, "a": {"b": 1, "b": 2}}`)); err != nil {
		t.Error(err)
	}
	if err := event.CheckSyntax([]byte(`{"a": }`)); err == nil {
		t.Error("CheckSyntax accepts a member without a value")
	}
}

// wide is an object of n members, the last of which repeats the first if twice is set.
func wide(n int, twice bool) []byte {
	b := []byte(`{"name-0":0`)
	for i := 1; i < n; i++ {
		b = fmt.Appendf(b, `,"name-%d":%d`, i, i)
	}
	if twice {
		b = append(b, `,"name-0":0`...)
	}
	return append(b, '}')
}

func TestCheckWideObjects(t *testing.T) {
	for _, n := range []int{1, 31, 32, 33, 48, 49, 1000} {
		if err := event.Check(wide(n, false)); err != nil {
			t.Errorf("%d names: %v", n, err)
		}
		if err := event.Check(wide(n, true)); err == nil {
			t.Errorf("%d names and the first again: accepted", n)
		}
	}
}

func TestCheckAllocatesNothing(t *testing.T) {
	text := []byte(cloudTrail)
	if n := testing.AllocsPerRun(100, func() {
		if err := event.Check(text); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("Check of a CloudTrail event allocates %v times, want 0", n)
	}
}

func BenchmarkCheck(b *testing.B) {
	for name, text := range map[string][]byte{"cloudtrail": []byte(cloudTrail), "names=10000": wide(10_000, false)} {
		b.Run("event="+name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				_ = event.Check(text)
			}
		})
		b.Run("event="+name+"/json.Valid", func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				json.Valid(text)
			}
		})
	}
}

func FuzzCheck(f *testing.F) {
	for _, s := range []string{cloudTrail, `{"a":1,"a":2}`, `[1,]`, `"\ud83d\ude00\ud800"`, "\"\xff\"", `{"a":{"b":[{},{"c":1e5}]}}`, ` -0.0e-0 `, `{"\u0061":1,"a":2}`} {
		f.Add([]byte(s))
	}
	for at := range 17 { // strings are read eight bytes at a time
		for _, odd := range []string{`"`, `\"`, `\x`, "\n", "\x1f", "\x7f", "\x80", "é", "\xc3"} {
			f.Add([]byte(`{"a":"` + strings.Repeat("x", at) + odd + strings.Repeat("x", 16-at) + `"}`))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		sound := json.Valid(b) && utf8.Valid(b)
		deep, twice := false, false
		if sound {
			deep, twice = look(b)
		}
		if got, want := event.Check(b) == nil, sound && !deep && !twice; got != want {
			t.Errorf("Check(%q) accepts: %v, want %v (%v)", b, got, want, event.Check(b))
		}
		if got, want := event.CheckSyntax(b) == nil, sound && !deep; got != want {
			t.Errorf("CheckSyntax(%q) accepts: %v, want %v", b, got, want)
		}
	})
}

// look goes through a valid text with encoding/json.
func look(b []byte) (deep, twice bool) {
	type open struct {
		names map[string]bool // nil for a list
		name  bool            // the next token is a name
	}
	var stack []open
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	for {
		token, err := d.Token()
		if err != nil {
			return deep, twice
		}
		top := len(stack) - 1
		switch token {
		case json.Delim('{'), json.Delim('['):
			if top >= 0 {
				stack[top].name = true
			}
			o := open{name: true}
			if token == json.Delim('{') {
				o.names = map[string]bool{}
			}
			stack = append(stack, o)
			deep = deep || len(stack) > event.MaxDepth
			continue
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:top]
			continue
		}
		if top < 0 || stack[top].names == nil {
			continue
		}
		if stack[top].name {
			name := token.(string)
			twice = twice || stack[top].names[name]
			stack[top].names[name] = true
		}
		stack[top].name = !stack[top].name
	}
}
