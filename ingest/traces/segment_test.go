package traces_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/ingest/traces"
	"github.com/tocsin-engine/tocsin/sdk/event"
	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

var defaults = event.Fields{ID: "id-1", Account: "123456789012", Region: "us-east-1"}

const sound = `{"id":"70de5b6f19ff9a0a","name":"shop","start_time":1.478293361271E9,"end_time":1.478293361449E9,"trace_id":"1-581cf771-a006649127e371903a2de979"}`

// with returns the sound segment with one member replaced, or removed for "".
func with(name, value string) string {
	b := []byte{'{'}
	for n, v := range event.Value(sound).Members() {
		if n != name {
			b = fmt.Appendf(b, "%q:%s,", n, v)
		}
	}
	if value != "" {
		b = fmt.Appendf(b, "%q:%s,", name, value)
	}
	return string(append(b[:len(b)-1], '}'))
}

func TestEvent(t *testing.T) {
	document := " " + with("annotations", `{"n": 1.50}`) + "\n"
	s, err := traces.Parse([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	ev, err := s.Event(defaults)
	if err != nil {
		t.Fatal(err)
	}
	if string(ev.Detail()) != strings.TrimSpace(document) {
		t.Errorf("the detail is %s, not the document", ev.Detail())
	}
	start := time.Date(2016, 11, 4, 21, 2, 41, 0, time.UTC)
	if ev.ID != "id-1" || ev.Source != "tocsin.xray" || ev.DetailType != "Trace Segment" || ev.Account != "123456789012" || !ev.Time.Equal(start) {
		t.Errorf("envelope %s", ev.Raw())
	}
	if s.ID != "70de5b6f19ff9a0a" || s.Name != "shop" || s.TraceID != "1-581cf771-a006649127e371903a2de979" || s.ParentID != "" ||
		s.End.Sub(s.Start).Round(time.Millisecond) != 178*time.Millisecond {
		t.Errorf("segment %+v", s)
	}
}

// TestParse has what is accepted and what is refused, each limit from both sides.
func TestParse(t *testing.T) {
	quoted := func(s string) string { return `"` + s + `"` }
	padded := func(n int) string {
		doc := with("metadata", `{"x":""}`)
		return strings.Replace(doc, `"x":""`, `"x":"`+strings.Repeat("y", n-len(doc))+`"`, 1)
	}
	for _, tc := range []struct{ name, document, code string }{
		{"sound", sound, ""},
		{"not JSON", `{`, "ParseError"},
		{"a name twice", strings.Replace(sound, "{", `{"id":"70de5b6f19ff9a0a",`, 1), "ParseError"},
		{"text", `"x"`, "ParseError"},
		{"64 KiB", padded(64 << 10), ""},
		{"more than 64 KiB", padded(64<<10 + 1), "SegmentTooLarge"},

		{"no id", with("id", ""), "MissingId"},
		{"empty id", with("id", `""`), "MissingId"},
		{"null id", with("id", "null"), "MissingId"},
		{"id of 15", with("id", quoted("70de5b6f19ff9a0")), "InvalidId"},
		{"id of 17", with("id", quoted("70de5b6f19ff9a0a1")), "InvalidId"},
		{"id with other letters", with("id", quoted("70de5b6f19ff9a0g")), "InvalidId"},
		{"id in capitals", with("id", quoted("70DE5B6F19FF9A0A")), ""},
		{"id as a number", with("id", "7"), "ParseError"},

		{"no trace_id", with("trace_id", ""), "MissingTraceId"},
		{"W3C's trace_id", with("trace_id", quoted("4efaaf4d1e8720b39541901950019ee5")), ""},
		{"short trace_id", with("trace_id", quoted("1-581cf771-a006649127e371903a2de97")), "InvalidTraceId"},
		{"trace_id of version 2", with("trace_id", quoted("2-581cf771-a006649127e371903a2de979")), "InvalidTraceId"},

		{"parent_id", with("parent_id", quoted("53995c3f42cd8ad8")), ""},
		{"wrong parent_id", with("parent_id", quoted("53995c3f")), "InvalidParentId"},
		{"null parent_id", with("parent_id", "null"), ""},
		{"a subsegment without parent_id", with("type", quoted("subsegment")), "MissingParentId"},

		{"no name", with("name", ""), "MissingName"},
		{"name of 200", with("name", quoted(strings.Repeat("é", 200))), ""},
		{"name of 201", with("name", quoted(strings.Repeat("é", 201))), "InvalidName"},
		{"all characters of names", with("name", quoted(`aÉ9 _.:/%&#=+\\-@`)), ""},
		{"name with ?", with("name", quoted("a?b")), "InvalidName"},
		{"name with *", with("name", quoted("*")), "InvalidName"},

		{"no start_time", with("start_time", ""), "MissingStartTime"},
		{"start_time as text", with("start_time", quoted("1478293361")), "ParseError"},
		{"negative start_time", with("start_time", "-1"), "InvalidStartTime"},
		{"start_time 0", with("start_time", "0"), ""},
		{"the last second of 9999", with("start_time", "253402300799.5"), ""},
		{"start_time in ms", with("start_time", "1478293361271000"), "InvalidStartTime"},
		{"no end_time", with("end_time", ""), "MissingEndTime"},
		{"end_time null", with("end_time", "null"), "MissingEndTime"},
		{"in progress", strings.Replace(with("end_time", ""), "{", `{"in_progress":true,`, 1), ""},
		{"in progress false", with("in_progress", "false"), ""},
		{"in_progress as text", with("in_progress", quoted("true")), "ParseError"},

		{"fault as a number", with("fault", "1"), "ParseError"},
		{"fault null", with("fault", "null"), ""},
		{"http as text", with("http", quoted("x")), "ParseError"},
		{"cause", with("cause", `{"exceptions":[]}`), ""},
		{"cause by id", with("cause", quoted("abcdefghijklmnop")), ""},
		{"cause null", with("cause", "null"), ""},
		{"cause as a number", with("cause", "200"), "ParseError"},
		{"cause as another text", with("cause", quoted("oops")), "ParseError"},
		{"51 annotations, one an object", with("annotations", `{"o":{}`+annotations(50)+`}`), ""},
		{"members of an SDK's own", with("Dummy", "false"), ""},

		{"subsegment", with("subsegments", `[{"id":"53995c3f42cd8ad8","name":"db","start_time":1,"end_time":2}]`), ""},
		{"subsegment without an end", with("subsegments", `[{"id":"53995c3f42cd8ad8","name":"db","start_time":1}]`), "MissingEndTime"},
		{"subsegment as text", with("subsegments", `["x"]`), "ParseError"},
		{"subsegments as an object", with("subsegments", `{}`), "ParseError"},
		{"subsegment of a subsegment", with("subsegments", `[{"id":"53995c3f42cd8ad8","name":"db","start_time":1,"end_time":2,"subsegments":[{"name":"x"}]}]`), "MissingId"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := traces.Parse([]byte(tc.document))
			var refused *traces.Error
			switch {
			case tc.code == "" && err != nil:
				t.Errorf("Parse = %v, want it accepted", err)
			case tc.code != "" && (!errors.As(err, &refused) || refused.Code != tc.code):
				t.Errorf("Parse = %v, want the code %s", err, tc.code)
			}
		})
	}
}

func annotations(n int) string {
	b := []byte{}
	for i := range n {
		b = fmt.Appendf(b, `,"a%d":%d`, i, i)
	}
	return string(b)
}

func TestErrorTexts(t *testing.T) {
	for document, want := range map[string]traces.Error{
		`{}`: {Code: "MissingId", Message: "Invalid segment. ErrorCode: MissingId, Cause: give id: 16 hexadecimal digits"},
		with("trace_id", `"x"`): {ID: "70de5b6f19ff9a0a", Code: "InvalidTraceId",
			Message: "Invalid segment. ErrorCode: InvalidTraceId, Cause: write trace_id as 1-5759e988-bd862e3fe1be46a994272793, or 32 hexadecimal digits"},
		with("subsegments", `[{"id":"53995c3f42cd8ad8","name":"*"}]`): {ID: "70de5b6f19ff9a0a", Code: "InvalidName",
			Message: `Invalid subsegment. ErrorCode: InvalidName, Cause: write name as letters, digits, spaces and _ . : / % & # = + \ - @`},
	} {
		_, err := traces.Parse([]byte(document))
		var got *traces.Error
		if !errors.As(err, &got) || *got != want {
			t.Errorf("%s: %+v, want %+v", document, err, want)
		}
	}
}

// TestParseAll: a list of subsegments, of which some are wrong.
func TestParseAll(t *testing.T) {
	segments, refused := traces.ParseAll([]byte("[" + sound + ",{}," + with("name", `"two"`) + `,5]`))
	var names, codes []string
	for _, s := range segments {
		names = append(names, s.Name)
	}
	for _, e := range refused {
		codes = append(codes, e.Code)
	}
	if diff := cmp.Diff([][]string{{"shop", "two"}, {"MissingId", "ParseError"}}, [][]string{names, codes}); diff != "" {
		t.Errorf("names and codes (-want +got):\n%s", diff)
	}
	for _, document := range []string{"", "[]", "[", "5"} {
		if segments, refused := traces.ParseAll([]byte(document)); len(segments) != 0 || len(refused) != 1 {
			t.Errorf("%q: %d segments, %d refused, want one refusal", document, len(segments), len(refused))
		}
	}
}

// TestDeepSegment: a segment as deep as JSON may be has no room for the envelope; that
// is an error, not a panic.
func TestDeepSegment(t *testing.T) {
	for depth, fits := range map[int]bool{event.MaxDepth - 2: true, event.MaxDepth - 1: false} {
		s, err := traces.Parse([]byte(with("metadata", strings.Repeat(`{"a":`, depth)+"1"+strings.Repeat("}", depth))))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Event(defaults); (err == nil) != fits {
			t.Errorf("%d deep below the segment: %v", depth, err)
		}
	}
}

// TestRealSegments are documents of real SDKs, and some that were made wrong on purpose.
func TestRealSegments(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(sharedtest.Path(t, "xray/otel-awsxray"), "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, file := range files {
		document, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, err = traces.Parse(document)
		var refused *traces.Error
		if errors.As(err, &refused) {
			got[strings.TrimSuffix(filepath.Base(file), ".txt")] = refused.Code
		}
	}
	want := map[string]string{"minCauseIsInvalid": "ParseError", "segmentValidationFailed": "MissingStartTime"}
	if diff := cmp.Diff(want, got); diff != "" || len(files) != 15 {
		t.Errorf("refused of %d (-want +got):\n%s", len(files), diff)
	}
}

// FuzzParseAll: what is accepted becomes an event whose detail is the segment's own
// bytes, and is accepted again; what is refused says why.
func FuzzParseAll(f *testing.F) {
	for _, s := range []string{sound, "[" + sound + ",{}]", `{}`, with("subsegments", "["+sound+"]"), with("cause", "200"), with("in_progress", "true"), " " + sound + "\n", with("name", `"\u00e9"`)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		segments, refused := traces.ParseAll(document)
		if len(segments) == 0 && len(refused) == 0 {
			t.Errorf("%q came to nothing", document)
		}
		for _, e := range refused {
			if e.Code == "" || !strings.Contains(e.Message, "ErrorCode: "+e.Code+", Cause: ") {
				t.Errorf("%q: the error %+v says nothing", document, e)
			}
		}
		for _, s := range segments {
			ev, err := s.Event(defaults)
			if err != nil {
				continue // too deep below an envelope
			}
			if !strings.Contains(string(document), string(ev.Detail())) {
				t.Errorf("%q became %s", document, ev.Detail())
			}
			again, err := traces.Parse(ev.Detail())
			if err != nil || again.ID != s.ID || !again.Start.Equal(s.Start) {
				t.Errorf("%s is parsed again as %+v: %v", ev.Detail(), again, err)
			}
		}
	})
}

// BenchmarkParse has a segment of an SDK, and the worst that 64 KiB can hold: subsegments
// in subsegments.
func BenchmarkParse(b *testing.B) {
	deep := `{"id":"53995c3f42cd8ad8","name":"db","start_time":1,"end_time":2,"metadata":{"x":"` + strings.Repeat("y", 50_000) + `"}}`
	for range 40 {
		deep = `{"id":"53995c3f42cd8ad8","name":"db","start_time":1,"end_time":2,"subsegments":[` + deep + `]}`
	}
	for name, document := range map[string]string{"plain": sound, "deep": with("subsegments", "["+deep+"]")} {
		b.Run("segment="+name, func(b *testing.B) {
			b.SetBytes(int64(len(document)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := traces.Parse([]byte(document)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
