package otlp_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/ingest/otlp"
	"github.com/tocsin-engine/tocsin/ingest/traces"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

var update = flag.Bool("update", false, "write the golden files anew")

var options = otlp.Options{Dimensions: []string{"host.name", "deployment.environment.name"}}

// watching is before the start of every running total in testdata.
var watching = time.Date(2026, 1, 2, 15, 0, 0, 0, time.UTC)

func file(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func parse(t testing.TB, body []byte, s otlp.Signal, e otlp.Encoding) otlp.Request {
	t.Helper()
	r, err := otlp.Parse(body, s, e)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// details are the details of the events that a request becomes, refusals among them.
func details(r otlp.Request, s otlp.Signal) []json.RawMessage {
	var all []json.RawMessage
	add := func(ev event.Event, err error) {
		if err != nil {
			text, _ := json.Marshal(map[string]string{"refused": err.Error()})
			all = append(all, text)
			return
		}
		all = append(all, ev.Detail())
	}
	fields := event.Fields{ID: "id", Account: "1", Region: "r", Time: watching}
	switch s {
	case otlp.Logs:
		for record, err := range r.Records(options) {
			if err != nil {
				add(event.Event{}, err)
				continue
			}
			add(record.Event(fields))
		}
	case otlp.Metrics:
		for sample, err := range r.Samples(options) {
			data := sample.Data
			if sample.Running != nil {
				data, _ = sample.Running.Since(nil, watching)
			}
			if err != nil {
				add(event.Event{}, err)
			}
			for _, d := range data {
				add(d.Event(fields))
			}
		}
	case otlp.Traces:
		for document, err := range r.Segments() {
			if err == nil {
				_, err = traces.Parse(document)
			}
			if err != nil {
				add(event.Event{}, err)
				continue
			}
			all = append(all, document)
		}
	}
	return all
}

// TestGolden reads a request of each signal and compares what it becomes.
func TestGolden(t *testing.T) {
	for _, s := range []otlp.Signal{otlp.Logs, otlp.Metrics, otlp.Traces} {
		t.Run(s.String(), func(t *testing.T) {
			var got bytes.Buffer
			for _, d := range details(parse(t, file(t, s.String()+".json"), s, otlp.JSON), s) {
				var indented bytes.Buffer
				if err := json.Indent(&indented, d, "", "  "); err != nil {
					t.Fatalf("%v: %s", err, d)
				}
				got.Write(append(indented.Bytes(), '\n'))
			}
			golden := s.String() + ".golden"
			if *update {
				if err := os.WriteFile(filepath.Join("testdata", golden), got.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(file(t, golden)), got.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
