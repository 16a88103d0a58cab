package logfile

import (
	"strings"
	"testing"
	"time"
)

var berlin = time.FixedZone("CET", 3600)

func TestTimestamp(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct{ format, line, want string }{
		{"%Y-%m-%d %H:%M:%S", "2026-11-22 18:58:56 INFO hello", "2026-11-22T18:58:56+01:00"},
		{"%Y-%m-%d %H:%M:%S,%f", "at 2026-11-22 18:58:56,250 x", "2026-11-22T18:58:56.25+01:00"},
		{"%Y-%m-%dT%H:%M:%S.%f%z", "2026-11-22T18:58:56.123456789Z", "2026-11-22T18:58:56.123456789Z"},
		{"%Y-%m-%dT%H:%M:%S%z", "2026-11-22T18:58:56-03:30 x", "2026-11-22T18:58:56-03:30"},
		{"%d/%b/%Y:%H:%M:%S %z", `1.2.3.4 - - [22/Nov/2026:18:58:56 +0200] "GET /"`, "2026-11-22T18:58:56+02:00"},
		{"%b %-d %H:%M:%S", "Nov  2 18:58:56 host sshd[1]: x", "2026-11-02T18:58:56+01:00"},
		{"%b %d %H:%M:%S", "Dec 31 23:59:59 host x", "2025-12-31T23:59:59+01:00"},
		{"%b %d %H:%M:%S", "Dec 12 23:59:59 host x", "2026-12-12T23:59:59+01:00"},
		{"%H:%M:%S %y %b %d", "07:08:09 26 Jan 05", "2026-01-05T07:08:09+01:00"},
		{"%d %b %Y %H:%M:%S", "22 nov 2026 01:02:03", "2026-11-22T01:02:03+01:00"},
		{"%A, %B %-d %Y %I:%M:%S %p", "Sunday, November 22 2026 12:05:06 AM", "2026-11-22T00:05:06+01:00"},
		{"%m/%-d/%y %-I:%-M %p", "11/2/26 3:4 pm", "2026-11-02T15:04:00+01:00"},
		{"%Y%m%d%H%M%S", "20261122185856", "2026-11-22T18:58:56+01:00"},
		{"%y%m%d %H%M%S", "081109 203615 148 INFO dfs", "2008-11-09T20:36:15+01:00"},
		{"%a %b %d %H:%M:%S %Z %Y", "Sun Nov 22 18:58:56 UTC 2026", "2026-11-22T18:58:56Z"},
		{"%a %b %d %H:%M:%S %Z %Y", "Sun Nov 22 18:58:56 PST 2026", "2026-11-22T18:58:56+01:00"},
		{"%H:%M:%S", "12:30:00 x", "2026-11-22T12:30:00+01:00"},
		{"%H:%M", "[04:05]", "2026-11-22T04:05:00+01:00"},
		{"%s.%f", "1795373936.5 x", "2026-11-22T19:58:56.5+01:00"},
		{"%Y-%j", "2026-032", "2026-02-01T00:00:00+01:00"},
		{"%F %T", "2026-11-22 18:58:56", "2026-11-22T18:58:56+01:00"},
		{"100%% %H:%M", "100% 01:02", "2026-11-22T01:02:00+01:00"},
		{"%m %d", "2 29", ""},
		{"%Y-%m-%d", "2026-13-01", ""},
		{"%Y-%m-%d", "2026-02-31", ""},
		{"%H:%M:%S", "24:00:00", ""},
		{"%d %b", "12 Foo", ""},
		{"%Y-%m-%d", "no time here", ""},
	} {
		f, err := ParseTimestamp(tc.format)
		if err != nil {
			t.Errorf("ParseTimestamp(%q): %v", tc.format, err)
			continue
		}
		got := ""
		if at, _, ok := f.Find(tc.line, berlin, now); ok {
			got = at.Format(time.RFC3339Nano)
		}
		if got != tc.want {
			t.Errorf("%q in %q = %s, want %s", tc.format, tc.line, got, tc.want)
		}
	}
}

func TestTimeWithoutADateNearMidnight(t *testing.T) {
	f, _ := ParseTimestamp("%H:%M")
	at, _, _ := f.Find("23:59", time.UTC, time.Date(2026, 11, 22, 0, 1, 0, 0, time.UTC))
	if want := time.Date(2026, 11, 21, 23, 59, 0, 0, time.UTC); !at.Equal(want) {
		t.Errorf("23:59 read at 00:01 is %v, want %v", at, want)
	}
}

func TestParseTimestampErrors(t *testing.T) {
	for format, want := range map[string]string{
		"": "names no part", "time": "names no part", "%": "ends in the middle", "%H:%-": "ends in the middle",
		"%Q": "no part of a time", "%H %": "ends in the middle", strings.Repeat("%H", 3000): "4096",
	} {
		if _, err := ParseTimestamp(format); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseTimestamp(%.20q) = %v, want %q", format, err, want)
		}
	}
}

// FuzzTimestamp: what was written in a format is found again by it, and what a format
// finds lies where it says.
func FuzzTimestamp(f *testing.F) {
	for _, s := range []string{"%Y-%m-%d %H:%M:%S", "%b %-d %H:%M:%S.%f", "%d/%b/%Y:%T %z", "[%c] %%", "%s", "é%Hé%y", "%Z%p%I"} {
		f.Add(s, "Nov 22 18:58:56.5 2026-11-22 01:02:03", int64(1795373936))
	}
	f.Fuzz(func(t *testing.T, format, line string, unix int64) {
		ts, err := ParseTimestamp(format)
		if err != nil {
			return
		}
		now := time.Unix(unix%(1<<33), 0).UTC()
		at, place, ok := ts.Find(line, time.UTC, now)
		if ok {
			again, _, found := ts.Find(line[place[0]:place[1]], time.UTC, now)
			if !found || !again.Equal(at) {
				t.Errorf("%q finds %v in %q, and %v, %v in its place alone", format, at, line, again, found)
			}
		}
		full, _ := ParseTimestamp("%Y-%m-%d %H:%M:%S")
		if now.Year() > 999 && now.Year() < 10000 {
			if at, _, ok := full.Find(now.Format("x 2006-01-02 15:04:05 x"), time.UTC, now); !ok || !at.Equal(now) {
				t.Errorf("%v is read as %v, %v", now, at, ok)
			}
		}
	})
}
