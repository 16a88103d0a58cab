package jsonstream_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/ingest/jsonstream"
	"github.com/tocsin-engine/tocsin/sdk/event"
	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

// all reads a stream to its end: the values, and the errors as text.
func all(t testing.TB, r io.Reader) (values, errs []string) {
	t.Helper()
	stream, err := jsonstream.NewReader(r)
	if err != nil {
		return nil, []string{err.Error()}
	}
	for {
		value, err := stream.Next()
		if errors.Is(err, io.EOF) {
			return values, errs
		}
		if err == nil {
			values = append(values, string(value))
			continue
		}
		errs = append(errs, err.Error())
		var e *jsonstream.Error
		if !errors.As(err, &e) || e.Fatal {
			return values, errs
		}
	}
}

func TestNext(t *testing.T) {
	tests := []struct {
		name, in string
		want     []string
		errs     []string
	}{
		{name: "nothing", in: " \n\t"},
		{name: "lines", in: "{\"a\":1}\n\n{\"b\":2}\r\n", want: []string{`{"a":1}`, `{"b":2}`}},
		{name: "no space between", in: `{"a":1}{"b":[{}]}`, want: []string{`{"a":1}`, `{"b":[{}]}`}},
		{name: "brackets and quotes in strings", in: `{"a":"}]\"{"} {"b":"\\"}`, want: []string{`{"a":"}]\"{"}`, `{"b":"\\"}`}},
		{name: "a value over many lines", in: "{\n \"a\": 1\n}\n{}", want: []string{"{\n \"a\": 1\n}", "{}"}},
		{name: "a list", in: "[ {\"a\":1} , 2,\"x,]\"\n]", want: []string{`{"a":1}`, "2", `"x,]"`}},
		{name: "an empty list, then a value", in: "[ ] {}", want: []string{"{}"}},
		{name: "a list of lists", in: "[[1,2],[]]", want: []string{"[1,2]", "[]"}},
		{name: "records", in: "{ \"Records\" : [\n{\"a\":1},{\"b\":2}\n] }\n{\"c\":3}", want: []string{`{"a":1}`, `{"b":2}`, `{"c":3}`}},
		{name: "no records", in: `{"Records":[]}`},
		{name: "records that are no list", in: `{"Records":1}`, want: []string{`{"Records":1}`}},
		{name: "a scalar line", in: "12\ntrue\n", want: []string{"12", "true"}},

		{name: "a line of another kind", in: "{\"a\":1}\nstarting up…\n{\"b\":2}\n",
			want: []string{`{"a":1}`, `{"b":2}`}, errs: []string{"line 2: no JSON value starts like this"}},
		{name: "a name twice", in: "\n{\"a\":1,\n\"a\":2}\n{}", want: []string{"{}"},
			errs: []string{`line 3: the name "a" stands twice in one object`}},
		{name: "missing item", in: `[1,,2]`, want: []string{"1", "2"}, errs: []string{"line 1: the text ends where a value is needed"}},
		{name: "trailing comma", in: `[1,]`, want: []string{"1"}, errs: []string{"line 1: the text ends where a value is needed"}},
		{name: "missing comma", in: `[{} {}]`, want: []string{"{}"}, errs: []string{`line 1: a "," or "]" is needed between the values of a list`}},
		{name: "cut off in a value", in: "{}\n{\"a\":", want: []string{"{}"}, errs: []string{"line 2: the value that begins here does not end"}},
		{name: "cut off in a list", in: "[1,\n2", want: []string{"1", "2"}, errs: []string{"line 2: the text ends in the middle of a list; is the file cut off?"}},
		{name: "more members after the records", in: `{"Records":[{}],"x":1}`, want: []string{"{}"}, errs: []string{`line 1: only a "}" can follow the records`}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			for how, r := range map[string]io.Reader{
				"whole":       strings.NewReader(tc.in),
				"by the byte": iotest.OneByteReader(strings.NewReader(tc.in)),
			} {
				values, errs := all(t, r)
				if diff := cmp.Diff(tc.want, values); diff != "" {
					t.Errorf("%s: values (-want +got):\n%s", how, diff)
				}
				if diff := cmp.Diff(tc.errs, errs); diff != "" {
					t.Errorf("%s: errors (-want +got):\n%s", how, diff)
				}
			}
		})
	}
}

func TestGzip(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	io.WriteString(w, `{"Records":[{"a":1}]}`)
	w.Close()
	values, errs := all(t, bytes.NewReader(packed.Bytes()))
	if diff := cmp.Diff([]string{`{"a":1}`}, values); diff != "" || errs != nil {
		t.Errorf("values (-want +got):\n%s\nerrors: %q", diff, errs)
	}
	_, errs = all(t, bytes.NewReader(packed.Bytes()[:packed.Len()-9]))
	if len(errs) != 1 || !strings.Contains(errs[0], "unexpected EOF") {
		t.Errorf("a gzip file that is cut off: errors %q", errs)
	}
}

func TestValueTooLarge(t *testing.T) {
	in := `{"a":"` + strings.Repeat("x", jsonstream.MaxValue) + `"}`
	_, errs := all(t, strings.NewReader(in))
	if diff := cmp.Diff([]string{"line 1: a value has more than 16 MiB"}, errs); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

// TestCloudTrailFiles counts the records of real log files.
func TestCloudTrailFiles(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(sharedtest.Path(t, "cloudtrail"), "*", "*.json*"))
	if err != nil {
		t.Fatal(err)
	}
	records := 0
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		values, errs := all(t, f)
		f.Close()
		if errs != nil {
			t.Errorf("%s: %q", name, errs)
		}
		records += len(values)
	}
	if records != 1737 {
		t.Errorf("%d records in %d files, want 1737", records, len(files))
	}
}

// FuzzNext: whatever comes, reading ends and every value is checked JSON. A text that is
// one JSON value comes back the same: alone, as an item of a list, and as a record.
func FuzzNext(f *testing.F) {
	for _, seed := range []string{"", "{}", "[1,[2]]", `{"Records":[{"a":"]"},2]}`, `{"a":"\"}"} x`, "[,", "nul\n{}", `"a`, "\x1f\x8b", "0 "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		values, _ := all(t, strings.NewReader(in))
		for _, v := range values {
			if err := event.Check([]byte(v)); err != nil {
				t.Errorf("value %q: %v", v, err)
			}
		}
		if event.Check([]byte(in)) != nil || strings.Contains(in, `"Records"`) {
			return
		}
		item := strings.Trim(in, " \t\r\n")
		want := []string{item}
		if event.Value(item).Kind() == event.Array {
			want = nil
			for v := range event.Value(item).Items() {
				want = append(want, string(v))
			}
		}
		if diff := cmp.Diff(want, values); diff != "" {
			t.Errorf("alone (-want +got):\n%s", diff)
		}
		if event.Check([]byte("["+in+"]")) != nil {
			return // one level deeper is too deep
		}
		for _, around := range []string{"[%,%]", `{"Records":[%,%]}`} {
			values, errs := all(t, strings.NewReader(strings.ReplaceAll(around, "%", in)))
			if diff := cmp.Diff([]string{item, item}, values); diff != "" || errs != nil {
				t.Errorf("in %s (-want +got):\n%s%q", around, diff, errs)
			}
		}
	})
}
