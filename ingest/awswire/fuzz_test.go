package awswire

import (
	"bytes"
	"compress/gzip"
	"errors"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// wantClientError fails unless err is a client's error, or nil.
func wantClientError(t *testing.T, err error) {
	t.Helper()
	var e *Error
	if err != nil && (!errors.As(err, &e) || e.status() < 400 || e.status() >= 500 || e.Message == "") {
		t.Fatalf("%#v is no client's error", err)
	}
}

// What decodes is written so that it decodes to the same again.
func FuzzDecodeJSON(f *testing.F) {
	in := full()
	f.Add(EncodeJSON(&in))
	f.Add([]byte(`{"At":1e9,"Names":null,"Tags":{"a":null},"Delay":-0}`))
	f.Add([]byte(`{"At":"2026-11-22T18:34:24.5Z","Ratio":1e-400}`))
	f.Add([]byte(`{"At":-62135596800}`))
	f.Add([]byte(`{"Exact":-0.10e+5}`))
	f.Add([]byte(`{"Exact":"NaN"}`))
	f.Add([]byte(`[{"Names":[[]]}]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var first, second everything
		if err := DecodeJSON(raw, &first); err != nil {
			wantClientError(t, err)
			return
		}
		text := EncodeJSON(&first)
		if err := DecodeJSON(text, &second); err != nil {
			t.Fatalf("%s was written as %s, which does not decode: %v", raw, text, err)
		}
		if again := EncodeJSON(&second); !bytes.Equal(text, again) {
			t.Fatalf("%s was written as %s, then as %s", raw, text, again)
		}
	})
}

// A form that decodes is written as a form that decodes to the same.
func FuzzParseForm(f *testing.F) {
	in := full()
	f.Add(string(EncodeForm("Do", "v", &in, false)), false)
	f.Add("FlatName.2=a&FlatName.1=b&Names=&Tags.entry.1.key=", true)
	f.Add("Names.member.99999999999999999999=x&Names.member.-1=y&.=&=&a..b", false)
	f.Fuzz(func(t *testing.T, text string, ec2 bool) {
		form, err := ParseForm(text)
		if err != nil {
			wantClientError(t, err)
			return
		}
		var first, second everything
		if err := form.Decode(&first, ec2); err != nil {
			wantClientError(t, err)
			return
		}
		written := string(EncodeForm(form.Action, form.Version, &first, ec2))
		if form, err = ParseForm(written); err != nil {
			t.Fatalf("%s was written as %s, which is no form: %v", text, written, err)
		}
		if err := form.Decode(&second, ec2); err != nil {
			t.Fatalf("%s was written as %s, which does not decode: %v", text, written, err)
		}
		if diff := cmp.Diff(normal(first), normal(second)); diff != "" {
			t.Fatalf("%s was written as %s:\n%s", text, written, diff)
		}
	})
}

// normal takes away what forms and XML cannot say: an empty list or map, a part of a
// millisecond.
func normal(e everything) everything {
	for _, list := range []*[]string{&e.Names, &e.Flat} {
		if len(*list) == 0 {
			*list = nil
		}
	}
	if len(e.Items) == 0 {
		e.Items = nil
	}
	if len(e.Tags) == 0 {
		e.Tags = nil
	}
	if len(e.Message) == 0 {
		e.Message = nil
	}
	for i := range e.Items {
		if len(e.Items[i].BinaryValue) == 0 {
			e.Items[i].BinaryValue = nil
		}
	}
	return e
}

// Whatever AWS or something in front of it answers, decoding ends; and what this
// package writes as an answer it reads back.
func FuzzDecodeResponse(f *testing.F) {
	in := full()
	f.Add(EncodeResponse(Route{Service: "sns", Operation: "Do", Protocol: Query}, "r", &in).Body, uint8(0))
	f.Add(EncodeResponse(Route{Service: "ec2", Operation: "Do", Protocol: EC2Query}, "r", &in).Body, uint8(1))
	f.Add([]byte(strings.Repeat("<a>", 100)), uint8(0))
	f.Add([]byte(`{"__type":"x#y:z"}`), uint8(2))
	speakers := []string{"sns", "ec2", "sqs"}
	f.Fuzz(func(t *testing.T, body []byte, which uint8) {
		service := speakers[int(which)%len(speakers)]
		_ = DecodeResponse(service, "Do", Answer{Status: 500, Header: http.Header{}, Body: body}, &everything{})
		var got, again everything
		if DecodeResponse(service, "Do", Answer{Status: 200, Header: http.Header{}, Body: body}, &got) != nil || !isPlain(got) {
			return
		}
		route := Route{Service: service, Operation: "Do", Protocol: services[service].Protocol}
		a := EncodeResponse(route, "r", &got)
		if err := DecodeResponse(service, "Do", a, &again); err != nil {
			t.Fatalf("%s was written as %s: %v", body, a.Body, err)
		}
		if diff := cmp.Diff(normal(got), normal(again)); diff != "" {
			t.Fatalf("%s was written as %s:\n%s", body, a.Body, diff)
		}
	})
}

// isPlain says whether every text survives XML: keys are trimmed, and XML has no
// control characters.
func isPlain(e everything) bool {
	plain := func(s string) bool {
		return utf8.ValidString(s) && strings.TrimSpace(s) == s && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r >= 0xFFFE })
	}
	for k := range e.Tags {
		if !plain(k) {
			return false
		}
	}
	for k := range e.Message {
		if !plain(k) {
			return false
		}
	}
	return true
}

// Inflating undoes gzip, and never gives more than the limit.
func FuzzInflate(f *testing.F) {
	f.Add([]byte("hello"), int64(100))
	f.Add(bytes.Repeat([]byte{0}, 1<<16), int64(1<<15))
	f.Add([]byte{0x1f, 0x8b, 8, 0, 0, 0}, int64(10))
	f.Fuzz(func(t *testing.T, data []byte, limit int64) {
		if limit < 0 || limit > 1<<22 {
			return
		}
		if got, err := roomy().Inflate("gzip", data, limit); err != nil {
			wantClientError(t, err)
		} else if int64(len(got)) > limit {
			t.Fatalf("%d bytes over a limit of %d", len(got), limit)
		}
		got, err := roomy().Inflate("gzip", zip(data), limit)
		if fits := int64(len(data)) <= limit; fits != (err == nil) && len(data) < freeInflate {
			t.Fatalf("%d bytes under a limit of %d: %v", len(data), limit, err)
		}
		if err == nil && !bytes.Equal(got, data) {
			t.Fatalf("inflated %q to %q", data, got)
		}
	})
}

func zip(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}
