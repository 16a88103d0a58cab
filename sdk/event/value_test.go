package event_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

func TestValue(t *testing.T) {
	v := event.Value(`{"a" : {"b\u002e" : [ 1 , "x\n" , {"c":null} ] , "t":true}, "e":[], "o":{}}`)
	for _, tc := range []struct {
		path []string
		want string
		kind event.Kind
	}{
		{[]string{"a", "t"}, `true`, event.Bool},
		{[]string{"a", "b."}, `[ 1 , "x\n" , {"c":null} ]`, event.Array},
		{[]string{"a", "b"}, ``, event.Missing},
		{[]string{"a", "t", "u"}, ``, event.Missing},
		{[]string{"e"}, `[]`, event.Array},
		{[]string{"o"}, `{}`, event.Object},
		{[]string{"o", "x"}, ``, event.Missing},
		{nil, string(v), event.Object},
	} {
		got := v.Get(tc.path...)
		if string(got) != tc.want || got.Kind() != tc.kind {
			t.Errorf("Get(%q) = %s, %s; want %s, %s", tc.path, got, got.Kind(), tc.want, tc.kind)
		}
	}
	if !v.Get("a", "t").IsTrue() || v.Get("a").IsTrue() || v.Get("z").IsTrue() {
		t.Error("IsTrue is true of true only")
	}
}

func TestGetAllocatesNothing(t *testing.T) {
	v := event.Value(cloudTrail)
	if n := testing.AllocsPerRun(100, func() {
		if v.Get("detail", "eventName") == nil {
			t.Fatal("no detail.eventName")
		}
	}); n != 0 {
		t.Errorf("Get allocates %v times, want 0", n)
	}
}

func TestAppendString(t *testing.T) {
	for in, want := range map[string]string{
		"":             `""`,
		"a\"b\\c":      `"a\"b\\c"`,
		"\n\r\t\x00":   `"\n\r\t\u0000"`,
		"é\u2028\x7f😀": "\"é\u2028\x7f😀\"",
		"a\xffb":       "\"a\ufffdb\"",
	} {
		if got := string(event.AppendString(nil, in)); got != want {
			t.Errorf("AppendString(%q) = %s, want %s", in, got, want)
		}
	}
}

// FuzzValue: what the accessors read is what encoding/json reads.
func FuzzValue(f *testing.F) {
	for _, s := range []string{cloudTrail, `{"a":[1,"\ud83d\ude00",{"b":-0.5e3}],"":null}`, ` [ true , "\u0041\ud800x" ] `, `"\\\"\/"`, `1e400`} {
		f.Add([]byte(s))
	}
	for at := range 17 { // strings are read eight bytes at a time
		for _, odd := range []string{`\"`, `\\`, `\\\"`, "é", "😀", `,"b":"`} {
			f.Add([]byte(`{"a":"` + strings.Repeat("x", at) + odd + strings.Repeat("x", 16-at) + `"}`))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if event.Check(b) != nil {
			return
		}
		d := json.NewDecoder(strings.NewReader(string(b)))
		d.UseNumber()
		var want any
		if err := d.Decode(&want); err != nil {
			t.Fatalf("Check accepts %q, encoding/json says %v", b, err)
		}
		if got := decode(t, event.Value(strings.TrimSpace(string(b)))); !reflect.DeepEqual(got, want) {
			t.Errorf("%q reads as %#v, want %#v", b, got, want)
		}
	})
}

// decode reads a value with the accessors of Value.
func decode(t *testing.T, v event.Value) any {
	switch v.Kind() {
	case event.Object:
		m := map[string]any{}
		for name, member := range v.Members() {
			m[name] = decode(t, member)
			if got := v.Get(name); string(got) != string(member) {
				t.Errorf("%s: Get(%q) = %s, Members says %s", v, name, got, member)
			}
		}
		return m
	case event.Array:
		list := []any{}
		for item := range v.Items() {
			list = append(list, decode(t, item))
		}
		return list
	case event.String:
		s, ok := v.Text()
		if !ok || !utf8.ValidString(s) || string(v.AppendText(nil)) != s {
			t.Errorf("%s: Text() = %q, %v; AppendText = %q", v, s, ok, v.AppendText(nil))
		}
		var again string
		if err := json.Unmarshal(event.AppendString(nil, s), &again); err != nil || again != s {
			t.Errorf("AppendString(%q) reads back as %q, %v", s, again, err)
		}
		return s
	case event.Number:
		f, _ := v.Float()
		if want, _ := json.Number(v).Float64(); f != want {
			t.Errorf("%s: Float() = %v, want %v", v, f, want)
		}
		return json.Number(v)
	case event.Bool:
		return v.IsTrue()
	}
	return nil
}

func TestWith(t *testing.T) {
	for _, c := range []struct{ object, name, want string }{
		{`{"a": 1.0, "b":[1,  2]}`, "a", `{"a":"x","b":[1,  2]}`},
		{`{"a\u0062":1,"c":2}`, "ab", `{"ab":"x","c":2}`},
		{`{"a":1}`, "b", `{"a":1}`},
		{`{}`, "b", `{}`},
	} {
		if got := string(event.Value(c.object).With(c.name, []byte(`"x"`))); got != c.want {
			t.Errorf("%s with %s is %s, want %s", c.object, c.name, got, c.want)
		}
	}
}
