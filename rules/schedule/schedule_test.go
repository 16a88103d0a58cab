package schedule

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

func must(t testing.TB, text, zone string) *Schedule {
	t.Helper()
	s, wrong := Parse(text, zone)
	if wrong != nil {
		t.Fatalf("Parse(%q, %q): %+v", text, zone, wrong)
	}
	return s
}

func at(t testing.TB, text string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// due lists the n times after a time, as the zone's clock shows them.
func due(s *Schedule, after time.Time, n int) []string {
	var out []string
	for range n {
		if after = s.Next(after); after.IsZero() {
			return append(out, "never")
		}
		out = append(out, after.In(s.zone).Format("2006-01-02 15:04 -0700"))
	}
	return out
}

func TestNext(t *testing.T) {
	const start = "2026-01-01T00:00:00Z" // a Thursday
	for _, tc := range []struct {
		text, after string
		want        []string
	}{
		{"rate(1 minute)", start, []string{"2026-01-01 00:01 +0000", "2026-01-01 00:02 +0000"}},
		{"rate(3 days)", start, []string{"2026-01-04 00:00 +0000", "2026-01-07 00:00 +0000"}},
		{"cron(0 10 * * ? *)", start, []string{"2026-01-01 10:00 +0000", "2026-01-02 10:00 +0000"}},
		{"cron(0 18 ? * MON-FRI *)", start, []string{"2026-01-01 18:00 +0000", "2026-01-02 18:00 +0000", "2026-01-05 18:00 +0000"}},
		{"cron(0/15 8,20 1 * ? *)", start, []string{"2026-01-01 08:00 +0000", "2026-01-01 08:15 +0000", "2026-01-01 08:30 +0000",
			"2026-01-01 08:45 +0000", "2026-01-01 20:00 +0000"}},
		{"cron(50/20 0 * * ? *)", start, []string{"2026-01-01 00:50 +0000", "2026-01-02 00:50 +0000"}},
		{"cron(1-31/30 1-1 ? * 1,7 *)", start, []string{"2026-01-03 01:01 +0000", "2026-01-03 01:31 +0000", "2026-01-04 01:01 +0000"}},
		{"cron(0 0 L * ? *)", start, []string{"2026-01-31 00:00 +0000", "2026-02-28 00:00 +0000", "2026-03-31 00:00 +0000"}},
		{"cron(0 0 29 2 ? *)", start, []string{"2028-02-29 00:00 +0000", "2032-02-29 00:00 +0000"}},
		{"cron(0 0 1W * ? *)", "2026-07-15T00:00:00Z", []string{"2026-08-03 00:00 +0000", "2026-09-01 00:00 +0000"}},
		{"cron(0 0 31W * ? *)", "2026-05-01T00:00:00Z", []string{"2026-05-29 00:00 +0000", "2026-07-31 00:00 +0000"}},
		{"cron(0 0 15W 8 ? *)", start, []string{"2026-08-14 00:00 +0000", "2027-08-16 00:00 +0000"}},
		{"cron(0 2 ? * SAT#3 *)", start, []string{"2026-01-17 02:00 +0000", "2026-02-21 02:00 +0000"}},
		{"cron(0 2 ? * 5#5 *)", start, []string{"2026-01-29 02:00 +0000", "2026-04-30 02:00 +0000"}},
		{"cron(15 10 ? * 6L *)", start, []string{"2026-01-30 10:15 +0000", "2026-02-27 10:15 +0000"}},
		{"cron(0 0 ? * L *)", start, []string{"2026-01-03 00:00 +0000", "2026-01-10 00:00 +0000"}},
		{"cron(0 0 ? jan,Feb tue 2027/2)", start, []string{"2027-01-05 00:00 +0000"}},
		{"cron(15 10 ? * 6L 2002-2005)", start, []string{"never"}},
		{"cron(59 23 31 12 ? 2199)", start, []string{"2199-12-31 23:59 +0000", "never"}},
	} {
		if diff := cmp.Diff(tc.want, due(must(t, tc.text, ""), at(t, tc.after), len(tc.want))); diff != "" {
			t.Errorf("%s after %s (-want +got):\n%s", tc.text, tc.after, diff)
		}
	}
}

// TestClockChanges: what the clock skips is not due that day; what it shows twice is due
// the first time.
func TestClockChanges(t *testing.T) {
	for _, tc := range []struct {
		text, zone, after string
		want              []string
	}{
		{"cron(30 2 * * ? *)", "Europe/Berlin", "2026-03-27T12:00:00Z", []string{"2026-03-28 02:30 +0100", "2026-03-30 02:30 +0200"}},
		{"cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-24T12:00:00Z", []string{"2026-10-25 02:30 +0200", "2026-10-26 02:30 +0100"}},
		{"cron(0/30 * * * ? *)", "America/New_York", "2026-11-01T04:59:00Z", []string{"2026-11-01 01:00 -0400", "2026-11-01 01:30 -0400",
			"2026-11-01 02:00 -0500", "2026-11-01 02:30 -0500"}},
		{"cron(0/30 * * * ? *)", "America/New_York", "2026-11-01T06:10:00Z", []string{"2026-11-01 02:00 -0500"}}, // from within the second showing
		{"cron(0/30 * * * ? *)", "America/New_York", "2026-03-08T06:29:00Z", []string{"2026-03-08 01:30 -0500", "2026-03-08 03:00 -0400"}},
		{"cron(45 1 * * ? *)", "Australia/Lord_Howe", "2026-04-04T00:00:00Z", []string{"2026-04-05 01:45 +1100", "2026-04-06 01:45 +1030"}},
		{"cron(0 12 * * ? *)", "Pacific/Apia", "2011-12-29T23:00:00Z", []string{"2011-12-31 12:00 +1400"}}, // there was no 30 December
	} {
		if diff := cmp.Diff(tc.want, due(must(t, tc.text, tc.zone), at(t, tc.after), len(tc.want))); diff != "" {
			t.Errorf("%s in %s after %s (-want +got):\n%s", tc.text, tc.zone, tc.after, diff)
		}
	}
}

func TestLatest(t *testing.T) {
	for _, tc := range []struct{ text, due, now, want string }{
		{"rate(5 minutes)", "2026-01-01T00:05:00Z", "2026-01-01T00:05:00Z", "2026-01-01T00:05:00Z"},
		{"rate(5 minutes)", "2026-01-01T00:05:00Z", "2026-03-01T00:09:59Z", "2026-03-01T00:05:00Z"},
		{"cron(* * * * ? *)", "2020-01-01T00:00:00Z", "2026-03-01T00:09:59Z", "2026-03-01T00:09:00Z"},
		{"cron(0 8 ? * MON *)", "2026-01-05T08:00:00Z", "2026-01-12T07:59:59Z", "2026-01-05T08:00:00Z"},
		{"cron(0 8 ? * MON *)", "2026-01-05T08:00:00Z", "2026-01-12T08:00:00Z", "2026-01-12T08:00:00Z"},
		{"cron(0 0 29 2 ? *)", "2020-02-29T00:00:00Z", "2026-01-12T08:00:00Z", "2024-02-29T00:00:00Z"},
		{"cron(0 0 1 1 ? 2020)", "2020-01-01T00:00:00Z", "2026-01-12T08:00:00Z", "2020-01-01T00:00:00Z"},
	} {
		if got := must(t, tc.text, "").Latest(at(t, tc.due), at(t, tc.now)); !got.Equal(at(t, tc.want)) {
			t.Errorf("%s: Latest(%s, %s) = %s, want %s", tc.text, tc.due, tc.now, got.Format(time.RFC3339), tc.want)
		}
	}
}

func TestMistakes(t *testing.T) {
	for _, tc := range []struct{ text, zone, code, part, label string }{
		{"", "", "S001", "", "write rate(5 minutes) or cron(0 8 ? * MON-FRI *)"},
		{" rate(10 minutes)", "", "S001", " rate(10 minutes)", "write rate(5 minutes) or cron(0 8 ? * MON-FRI *)"},
		{"at(2021-12-31)", "", "S001", "at(2021-12-31)", "write rate(5 minutes) or cron(0 8 ? * MON-FRI *)"},
		{"rate(1 minutes)", "", "S002", "1 minutes", "write it as rate(5 minutes)"},
		{"rate(10 seconds)", "", "S002", "10 seconds", "write it as rate(5 minutes)"},
		{"rate(99999999999999999999 days)", "", "S002", "99999999999999999999 days", "write it as rate(5 minutes)"},
		{"cron(0 8 * * ?)", "", "S003", "0 8 * * ?", "write it as cron(0 8 ? * MON-FRI *)"},
		{"cron(71 8 1 * ? *)", "", "S003", "71", "write a number from 0 to 59"},
		{"cron(0 dummy ? * MON-FRI *)", "", "S003", "dummy", "write a number from 0 to 23"},
		{"cron(0,1,x 8 1 * ? *)", "", "S003", "x", "write a number from 0 to 59"},
		{"cron(0/0 8 1 * ? *)", "", "S003", "0", "write a number from 1 to 59"},
		{"cron(0 +8 1 * ? *)", "", "S003", "+8", "write a number from 0 to 23"},
		{"cron(0 1 * * * *)", "", "S003", "*", "write ? here, or in day-of-month"},
		{"cron(0 1 ? * ? *)", "", "S003", "?", "write * here, or the days"},
		{"cron(0 1 ? * FRI-MON *)", "", "S003", "FRI-MON", "write two ranges: one to the end, one from the beginning"},
		{"cron(0 1 ? * 3#1,6#3 *)", "", "S003", "3#1,6#3", "write 1 to 5 after #, and one day only"},
		{"cron(0 1 ? * NOT *)", "", "S003", "NOT", "write a number from 1 to 7, or SUN to SAT"},
		{"cron(0 1 30 2 ? *)", "", "S004", "cron(0 1 30 2 ? *)", "no month has such a day"},
		{"rate(1 day)", "Mars/Olympus", "S005", "", "write it as Europe/Berlin or UTC"},
		{"rate(1 day)", "Local", "S005", "", "write it as Europe/Berlin or UTC"},
	} {
		_, wrong := Parse(tc.text, tc.zone)
		if wrong == nil {
			t.Errorf("Parse(%q) found nothing", tc.text)
			continue
		}
		runes := []rune(tc.text)
		part := string(runes[min(wrong.Offset, len(runes)):min(wrong.Offset+wrong.Length, len(runes))])
		if wrong.Code != tc.code || wrong.Label != tc.label || wrong.Code != "S005" && part != tc.part {
			t.Errorf("Parse(%q): %s at %q, %q; want %s at %q, %q", tc.text, wrong.Code, part, wrong.Label, tc.code, tc.part, tc.label)
		}
	}
}

// TestRecorded: what AWS took is taken, what it refused is refused.
func TestRecorded(t *testing.T) {
	expression := regexp.MustCompile(`\[( ?(?:cron|rate)\(.*\))\]$`)
	seen := 0
	for _, file := range []string{"aws-snapshots/events/test_events_schedule.snapshot.json", "aws-snapshots/scheduler/test_scheduler.snapshot.json"} {
		data, err := os.ReadFile(sharedtest.Path(t, file))
		if err != nil {
			t.Fatal(err)
		}
		var recorded map[string]json.RawMessage
		if err := json.Unmarshal(data, &recorded); err != nil {
			t.Fatal(err)
		}
		for name := range recorded {
			m := expression.FindStringSubmatch(name)
			if m == nil {
				continue
			}
			seen++
			if _, wrong := Parse(m[1], ""); (wrong != nil) != strings.Contains(name, "invalid") {
				t.Errorf("%s: %+v", name, wrong)
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d recorded expressions were found", seen)
	}
}
