package logs_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/ingest/logs"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// at is a record so long after noon.
func at(after time.Duration) logs.Record { return logs.Record{Time: noon.Add(after), Message: "x"} }

func repeat(r logs.Record, n int) []logs.Record { return slices.Repeat([]logs.Record{r}, n) }

// sized is a record that counts for n bytes.
func sized(n int) logs.Record {
	return logs.Record{Time: noon, Message: strings.Repeat("x", n-logs.Overhead)}
}

// TestCheckBatch has each limit from both sides.
func TestCheckBatch(t *testing.T) {
	const order = "Log events in a single PutLogEvents request must be in chronological order."
	const span = "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
	const detected = "1 validation error detected: Value "
	for _, tc := range []struct {
		name    string
		records []logs.Record
		want    string // "" accepts
	}{
		{"one", repeat(at(0), 1), ""},
		{"none", nil, detected + "'[0 log events]' at 'logEvents' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"10,000", repeat(at(0), 10_000), ""},
		{"10,001", repeat(at(0), 10_001), detected + "'[10001 log events]' at 'logEvents' failed to satisfy constraint: Member must have length less than or equal to 10000"},
		{"empty message", []logs.Record{at(0), {Time: noon}}, detected + "'' at 'logEvents.2.member.message' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"before 1970", []logs.Record{{Time: time.UnixMilli(-1), Message: "x"}}, detected + "'-1' at 'logEvents.1.member.timestamp' failed to satisfy constraint: Member must have value greater than or equal to 0"},
		{"largest record", repeat(sized(1<<20), 1), ""},
		{"too large", repeat(sized(1<<20+1), 1), "Log event too large: 1048577 bytes exceeds limit of 1048576"},
		{"full batch", repeat(sized(1<<19), 2), ""},
		{"overfull batch", []logs.Record{sized(1 << 19), sized(1 << 19), sized(27)}, "Upload too large: 1048603 bytes exceeds limit of 1048576"},
		{"UTF-8 counts", []logs.Record{{Time: noon, Message: strings.Repeat("é", 1<<19)}}, "Log event too large: 1048602 bytes exceeds limit of 1048576"},
		{"equal times", repeat(at(0), 2), ""},
		{"out of order", []logs.Record{at(time.Millisecond), at(0)}, order},
		{"24 h", []logs.Record{at(0), at(24 * time.Hour)}, ""},
		{"over 24 h", []logs.Record{at(0), at(24*time.Hour + time.Millisecond)}, span},
		{"the end of time", []logs.Record{at(0), {Time: time.UnixMilli(1<<63 - 1), Message: "x"}}, span},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := logs.CheckBatch(tc.records)
			var refused logs.Error
			if tc.want == "" && err != nil || tc.want != "" && (!errors.As(err, &refused) || string(refused) != tc.want) {
				t.Errorf("CheckBatch = %v, want %q", err, tc.want)
			}
		})
	}
}

func TestWindow(t *testing.T) {
	const day, ms = 24 * time.Hour, time.Millisecond
	none := logs.Rejected{TooNewStart: -1, TooOldEnd: -1, ExpiredEnd: -1}
	for _, tc := range []struct {
		name      string
		times     []time.Duration // after now
		retention time.Duration
		accepted  int
		want      logs.Rejected
	}{
		{"on both edges", []time.Duration{-14 * day, 2 * time.Hour}, 0, 2, none},
		{"beyond both", []time.Duration{-14*day - ms, 0, 2*time.Hour + ms, 3 * time.Hour}, 0, 1,
			logs.Rejected{TooNewStart: 2, TooOldEnd: 1, ExpiredEnd: -1}},
		{"all too old", []time.Duration{-16 * day, -15 * day}, 0, 0, logs.Rejected{TooNewStart: -1, TooOldEnd: 2, ExpiredEnd: -1}},
		{"all too new", []time.Duration{3 * time.Hour}, 0, 0, logs.Rejected{TooNewStart: 0, TooOldEnd: -1, ExpiredEnd: -1}},
		{"on the retention's edge", []time.Duration{-3 * day, 0}, 3 * day, 2, none},
		{"expired", []time.Duration{-3*day - ms, 0}, 3 * day, 1, logs.Rejected{TooNewStart: -1, TooOldEnd: -1, ExpiredEnd: 1}},
		{"expired, too old, too new", []time.Duration{-20 * day, -5 * day, 0, 5 * time.Hour}, 3 * day, 1,
			logs.Rejected{TooNewStart: 3, TooOldEnd: 1, ExpiredEnd: 2}},
		{"a long retention", []time.Duration{-20 * day, 0}, 365 * day, 1, logs.Rejected{TooNewStart: -1, TooOldEnd: 1, ExpiredEnd: -1}},
		{"the end of time", []time.Duration{0, 1<<63 - 1}, 0, 1, logs.Rejected{TooNewStart: 1, TooOldEnd: -1, ExpiredEnd: -1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			records := make([]logs.Record, len(tc.times))
			for i, after := range tc.times {
				records[i] = at(after)
			}
			accepted, got := logs.Window(records, noon, tc.retention)
			if diff := cmp.Diff(tc.want, got); diff != "" || len(accepted) != tc.accepted || got.Any() != (got != none) {
				t.Errorf("%d accepted, want %d (-want +got):\n%s", len(accepted), tc.accepted, diff)
			}
		})
	}
}

func TestNames(t *testing.T) {
	long := strings.Repeat("x", 512)
	const tooLong = "Invalid LogGroup or LogStream, both must have length less than or equal to 512."
	empty := "1 validation error detected: Value '' at 'n' failed to satisfy constraint: Member must have length greater than or equal to 1"
	pattern := func(name, is string) string {
		return "1 validation error detected: Value '" + name + "' at 'n' failed to satisfy constraint: Member must satisfy regular expression pattern: " + is
	}
	for _, tc := range []struct {
		name  string
		check func(at, name string) error
		want  string
	}{
		{"/aws/lambda/my_fn-1.x#2", logs.CheckGroup, ""},
		{long, logs.CheckGroup, ""},
		{long + "x", logs.CheckGroup, tooLong},
		{"", logs.CheckGroup, empty},
		{"a b", logs.CheckGroup, pattern("a b", `[\.\-_/#A-Za-z0-9]+`)},
		{"a\n", logs.CheckGroup, pattern("a\n", `[\.\-_/#A-Za-z0-9]+`)},
		{"2026/11/22/[$LATEST]é b", logs.CheckStream, ""},
		{strings.Repeat("é", 512), logs.CheckStream, ""},
		{strings.Repeat("é", 513), logs.CheckStream, tooLong},
		{"", logs.CheckStream, empty},
		{"a:b", logs.CheckStream, pattern("a:b", `[^:*]*`)},
		{"a*", logs.CheckStream, pattern("a*", `[^:*]*`)},
	} {
		got := ""
		if err := tc.check("n", tc.name); err != nil {
			got = err.Error()
		}
		if got != tc.want {
			t.Errorf("%q: %q, want %q", tc.name, got, tc.want)
		}
	}
}
