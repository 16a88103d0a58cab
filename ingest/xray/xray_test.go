package xray_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tocsin-engine/tocsin/ingest/traces"
	"github.com/tocsin-engine/tocsin/ingest/xray"
	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

func TestDocument(t *testing.T) {
	for _, tc := range []struct {
		name, datagram, document string
		err                      error
	}{
		{"Go, Python", xray.Header + `{"id":"x"}`, `{"id":"x"}`, nil},
		{"Node", `{"format":"json","version":1}` + "\n" + `{"id":"x"}`, `{"id":"x"}`, nil},
		{"a carriage return", `{"format": "json", "version": 1}` + "\r\n{}\r\n", `{}`, nil},
		{"other order and case", `{ "version" : 1.0, "format" : "JSON" }` + "\n{}", `{}`, nil},
		{"a segment over several lines", xray.Header + "{\n}", "{\n}", nil},
		{"no header", `{"id":"x"}`, "", xray.ErrNoHeader},
		{"no header, several lines", "{\n\"id\":\"x\"\n}", "", xray.ErrNoHeader},
		{"two segments and no header", "{\"id\":\"x\"}\n{}", "", xray.ErrNoHeader},
		{"nothing", "", "", xray.ErrNoHeader},
		{"version 2", `{"format": "json", "version": 2}` + "\n{}", "", xray.ErrHeader},
		{"no version", `{"format": "json"}` + "\n{}", "", xray.ErrHeader},
		{"another format", `{"format": "protobuf", "version": 1}` + "\n{}", "", xray.ErrHeader},
		{"no segment", xray.Header, "", xray.ErrEmpty},
		{"spaces for a segment", xray.Header + " \n", "", xray.ErrEmpty},
	} {
		t.Run(tc.name, func(t *testing.T) {
			document, err := xray.Document([]byte(tc.datagram))
			if string(document) != tc.document || !errors.Is(err, tc.err) {
				t.Errorf("Document(%q) = %q, %v; want %q, %v", tc.datagram, document, err, tc.document, tc.err)
			}
		})
	}
}

// TestRealSegments: a document comes out of a datagram as it went in, whichever header
// it has.
func TestRealSegments(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(sharedtest.Path(t, "xray/otel-awsxray"), "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		document, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, header := range []string{xray.Header, `{"format":"json","version":1}` + "\n"} {
			got, err := xray.Document(append([]byte(header), document...))
			if err != nil || !bytes.Equal(got, bytes.TrimSpace(document)) {
				t.Errorf("%s: %v", filepath.Base(file), err)
			}
			_, before := traces.Parse(document)
			if _, after := traces.Parse(got); (before == nil) != (after == nil) {
				t.Errorf("%s: refused with %v alone, with %v from a datagram", filepath.Base(file), before, after)
			}
		}
		if _, err := xray.Document(document); !errors.Is(err, xray.ErrNoHeader) {
			t.Errorf("%s without a header: %v", filepath.Base(file), err)
		}
	}
}

// FuzzDocument: a document is the end of its datagram, and comes out again behind the
// usual header.
func FuzzDocument(f *testing.F) {
	for _, s := range []string{xray.Header + "{}", `{"format":"json","version":1}` + "\n{}", "{}", "\n", xray.Header, `{"format":"json","version":1e0}` + "\n\n[]\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, datagram []byte) {
		document, err := xray.Document(datagram)
		if err != nil {
			if document != nil {
				t.Errorf("%q gives %q and %v", datagram, document, err)
			}
			return
		}
		if len(document) == 0 || !bytes.HasSuffix(bytes.TrimSpace(datagram), document) {
			t.Errorf("%q gives %q", datagram, document)
		}
		again, err := xray.Document(append([]byte(xray.Header), document...))
		if err != nil || !bytes.Equal(again, document) {
			t.Errorf("%q behind the usual header gives %q, %v", document, again, err)
		}
	})
}
