package nativefile_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/ingest/nativefile"
	"github.com/tocsin-engine/tocsin/sdk/event"
	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

// ofEvents are the ids, accounts and details of what read returned.
func ofEvents(got []string) (all []string) {
	for _, text := range got {
		v := event.Value(text)
		if strings.HasPrefix(text, "error: ") || v.Get("detail") == nil {
			all = append(all, text)
			continue
		}
		id, _ := v.Get("id").Text()
		account, _ := v.Get("account").Text()
		all = append(all, id+" "+account+" "+string(v.Get("detail")))
	}
	return all
}

func TestLogsAndSegments(t *testing.T) {
	const segment = `{"id":"70de5b6f19ff9a0a","name":"shop","start_time":1.478293361271E9,"end_time":1.478293361449E9,"trace_id":"1-581cf771-a006649127e371903a2de979"}`
	for _, tc := range []struct {
		name, text string
		want       []string
	}{
		{"a subscription", `{"messageType":"DATA_MESSAGE","owner":"999","logGroup":"g","logStream":"s","logEvents":[{"id":"x","timestamp":1440442987000,"message":"{\"n\":1.50}"}]}`,
			[]string{`x 999 {"group":"g","stream":"s","timestamp":1440442987000,"message":"{\"n\":1.50}","json":{"n":1.50}}`}},
		{"a request of PutLogEvents", `{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":1440442987000,"message":"a"},{"timestamp":"now","message":"b"},{"timestamp":1,"message":"c"},5]}`,
			[]string{
				`error: logEvents[1]: a log event has a timestamp, a whole number of milliseconds since 1970, and a message, a string; ` +
					`logEvents[3]: a log event has a timestamp, a whole number of milliseconds since 1970, and a message, a string`,
				`1 123456789012 {"group":"g","stream":"s","timestamp":1440442987000,"message":"a"}`,
				`2 123456789012 {"group":"g","stream":"s","timestamp":1,"message":"c"}`,
			}},
		{"a time that no date can be written for", `{"logGroup":"g","logEvents":[{"timestamp":9000000000000000,"message":"a"}]}`,
			[]string{`error: logEvents[0]: event: write "time" like 2026-01-02T15:04:05Z, not "287168-08-24T16:00:00Z"`}},
		{"a segment", segment, []string{"1 123456789012 " + segment}},
		{"segments as an SDK sends them", "{\"format\": \"json\", \"version\": 1}\n" + segment + "\n{\"format\":\"json\",\"version\":1}\n" + segment,
			[]string{"1 123456789012 " + segment, "2 123456789012 " + segment}},
		{"a segment that is refused", strings.Replace(segment, `"name":"shop"`, `"name":"*"`, 1) + segment,
			[]string{`error: Invalid segment. ErrorCode: InvalidName, Cause: write name as letters, digits, spaces and _ . : / % & # = + \ - @`, "1 123456789012 " + segment}},
		{"another format's header", `{"format":"json","version":2}`, []string{`{"format":"json","version":2}`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, ofEvents(read(t, tc.text))); diff != "" {
				t.Errorf("read (-want +got):\n%s", diff)
			}
		})
	}
}

// readText returns the messages and times of a text file's events.
func readText(t testing.TB, r io.Reader, text nativefile.Text) (got []string) {
	t.Helper()
	reader, err := nativefile.NewTextReader(r, text, nativefile.Options{Defaults: numbered()})
	if err != nil {
		return []string{"fatal: " + err.Error()}
	}
	for {
		raw, err := reader.Next()
		var wrong *nativefile.Error
		switch {
		case errors.Is(err, io.EOF):
			return got
		case errors.As(err, &wrong):
			got = append(got, "error: "+err.Error())
		case err != nil:
			return append(got, "fatal: "+err.Error())
		default:
			v := event.Value(raw)
			message, _ := v.Get("detail", "message").Text()
			at, _ := v.Get("time").Text()
			got = append(got, at+" "+message)
		}
	}
}

func TestText(t *testing.T) {
	in := nativefile.Text{Group: "g", Stream: "s"}
	timed := in
	timed.Time = func(line string) (time.Time, bool) {
		at, err := time.Parse(time.DateOnly, line[:min(len(line), 10)])
		return at, err == nil
	}
	const now = "2020-09-13T12:26:40Z "
	fits := strings.Repeat("x", 1<<20-26)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(z, "a\nb\n")
	z.Close()
	for _, tc := range []struct {
		name, file string
		text       nativefile.Text
		want       []string
	}{
		{"lines", "a\n\nb\r\n {\"c\":1}\nno end", in, []string{now + "a", now + "b", now + ` {"c":1}`, now + "no end"}},
		{"nothing", "", in, nil},
		{"gzip", zipped.String(), in, []string{now + "a", now + "b"}},
		{"times", "2026-01-02 a\nb", timed, []string{"2026-01-02T00:00:00Z 2026-01-02 a", now + "b"}},
		{"the longest line", fits + "\r\nb", in, []string{now + fits, now + "b"}},
		{"a longer line", fits + "x\nb\n" + fits + fits + fits, in, []string{
			"error: line 1 has more than 1048550 bytes; a log event takes no more", now + "b",
			"error: line 3 has more than 1048550 bytes; a log event takes no more"}},
		{"cut off", zipped.String()[:zipped.Len()-9], in, []string{now + "a", now + "b", "fatal: unexpected EOF"}},
		{"a group of no such name", "a", nativefile.Text{Group: "a b", Stream: "s"}, []string{
			`fatal: 1 validation error detected: Value 'a b' at 'log group' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, readText(t, strings.NewReader(tc.file), tc.text)); diff != "" {
				t.Errorf("read (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRealFiles: both log files line by line, and the segments, all in one file.
func TestRealFiles(t *testing.T) {
	for file, lines := range map[string]int{"logs/loghub/Apache/Apache_2k.log": 2000, "logs/loghub/OpenSSH/OpenSSH_2k.log": 2000} {
		raw, err := os.ReadFile(sharedtest.Path(t, file))
		if err != nil {
			t.Fatal(err)
		}
		got := readText(t, bytes.NewReader(raw), nativefile.Text{Group: "g", Stream: "s"})
		want := strings.Split(strings.TrimSuffix(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n"), "\n")
		if len(got) != lines || len(want) != lines {
			t.Errorf("%s: %d events of %d lines, want %d", file, len(got), len(want), lines)
		}
		for i := range min(len(got), len(want)) {
			if !strings.HasSuffix(got[i], "Z "+want[i]) {
				t.Fatalf("%s:%d became %s", file, i+1, got[i])
			}
		}
	}
	files, err := filepath.Glob(filepath.Join(sharedtest.Path(t, "xray/otel-awsxray"), "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, raw...)
	}
	segments, wrong := 0, 0
	for _, text := range read(t, string(all)) {
		switch {
		case strings.HasPrefix(text, "error: Invalid segment. ErrorCode: "):
			wrong++
		case strings.Contains(text, `"detail-type":"Trace Segment"`):
			segments++
		}
	}
	if segments != 13 || wrong != 2 {
		t.Errorf("%d segments and %d errors, want 13 and 2", segments, wrong)
	}
}

// FuzzText: the messages of a file are its lines.
func FuzzText(f *testing.F) {
	for _, s := range []string{"a\n\nb\r\n", "", "\n", "{\"a\":1}\nx", "\xff\n\x00", "\x1f\x8b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, file string) {
		if strings.HasPrefix(file, "\x1f\x8b") {
			_ = readText(t, strings.NewReader(file), nativefile.Text{Group: "g", Stream: "s"}) // no panic: it is no text
			return
		}
		var want []string
		for line := range strings.SplitSeq(file, "\n") {
			if line = strings.TrimSuffix(line, "\r"); line != "" {
				want = append(want, "2020-09-13T12:26:40Z "+string([]rune(line)))
			}
		}
		if diff := cmp.Diff(want, readText(t, strings.NewReader(file), nativefile.Text{Group: "g", Stream: "s"})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", file, diff)
		}
	})
}
