package schedule

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

// FuzzNext: an expression that is taken is due after the time it is asked for, and
// exactly when an oracle says so that looks at every minute.
func FuzzNext(f *testing.F) {
	for _, text := range []string{
		"cron(0 10 * * ? *)", "cron(0/15 * * * ? *)", "cron(30 2 ? * SUN#2 *)", "cron(15 10 ? * 6L *)", "cron(0 0 L * ? *)",
		"cron(5 1 15W * ? *)", "cron(0-59/7 1,2,3 ? * SUN *)", "rate(7 minutes)", "cron(* 1-3 * 3,10,11 ? 2026)", "cron(0 0 1 1 ? 1970)", "x",
	} {
		f.Add(text, uint32(1774_000_000/60), uint8(0))
		f.Add(text, uint32(1792_800_000/60), uint8(1))
		f.Add(text, uint32(1793_500_000/60), uint8(2))
	}
	zones := []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"}
	f.Fuzz(func(t *testing.T, text string, minutes uint32, zone uint8) {
		s, wrong := Parse(text, zones[int(zone)%len(zones)])
		if wrong != nil {
			if wrong.Code == "" || wrong.Message == "" || wrong.Label == "" || wrong.Offset < 0 || wrong.Length < 1 {
				t.Fatalf("a mistake that says too little: %+v", wrong)
			}
			return
		}
		after := time.Unix(int64(minutes)*60, 0)
		next := s.Next(after)
		if !next.IsZero() && !next.After(after) {
			t.Fatalf("%s: Next(%s) = %s", text, after, next)
		}
		if s.rate > 0 || len(strings.Fields(text)) != 6 {
			return
		}
		fields := strings.Fields(strings.TrimSuffix(strings.TrimPrefix(text, "cron("), ")"))
		const horizon = 3 * 24 * 60
		for i := 1; i <= horizon; i++ {
			at := after.Add(time.Duration(i) * time.Minute)
			due := oracle(fields, at, s.zone)
			switch {
			case due && !next.Equal(at):
				t.Fatalf("%s in %s: Next(%s) = %s, the oracle says %s", text, s.zone, after, next, at)
			case due:
				return
			case next.Equal(at):
				t.Fatalf("%s in %s: Next(%s) = %s, the oracle says no", text, s.zone, after, next)
			}
		}
	})
}

// oracle says whether an expression is due in a minute, by its texts alone. The clock
// must not have shown this time within the three hours before.
func oracle(fields []string, at time.Time, zone *time.Location) bool {
	w := at.In(zone)
	names := func(text, all string) string {
		for i, name := range strings.Fields(all) {
			text = strings.ReplaceAll(strings.ToUpper(text), name, strconv.Itoa(i+1))
		}
		return text
	}
	month := names(fields[3], "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC")
	week := names(fields[4], "SUN MON TUE WED THU FRI SAT")
	if !listed(fields[0], w.Minute(), 0) || !listed(fields[1], w.Hour(), 0) || !listed(month, int(w.Month()), 1) ||
		!listed(fields[5], w.Year(), 1970) || !monthDay(fields[2], w) || !weekDay(week, w) {
		return false
	}
	const shows = "2006-01-02 15:04"
	for back := 1; back <= 180; back++ {
		if at.Add(-time.Duration(back)*time.Minute).In(zone).Format(shows) == w.Format(shows) {
			return false
		}
	}
	return true
}

func listed(text string, n, least int) bool {
	for part := range strings.SplitSeq(text, ",") {
		span, stepText, stepped := strings.Cut(part, "/")
		step, _ := strconv.Atoi(stepText)
		from, to := least, 9999
		if span != "*" {
			first, last, isRange := strings.Cut(span, "-")
			from, _ = strconv.Atoi(first)
			if to = from; isRange {
				to, _ = strconv.Atoi(last)
			} else if stepped {
				to = 9999
			}
		}
		if n >= from && n <= to && (!stepped || (n-from)%step == 0) {
			return true
		}
	}
	return false
}

func monthDay(text string, w time.Time) bool {
	switch {
	case text == "?":
		return true
	case text == "L":
		return w.AddDate(0, 0, 1).Day() == 1
	case strings.HasSuffix(text, "W"):
		n, _ := strconv.Atoi(strings.TrimSuffix(text, "W"))
		if w.Weekday() == time.Saturday || w.Weekday() == time.Sunday {
			return false
		}
		// The nearest weekday: nothing closer to n in this month is one.
		want := time.Date(w.Year(), w.Month(), n, 0, 0, 0, 0, time.UTC)
		if want.Month() != w.Month() {
			return false
		}
		for _, off := range []int{0, -1, 1, -2, 2} {
			c := want.AddDate(0, 0, off)
			if c.Month() == want.Month() && c.Weekday() != time.Saturday && c.Weekday() != time.Sunday {
				return c.Day() == w.Day()
			}
		}
		return false
	}
	return listed(text, w.Day(), 1)
}

func weekDay(text string, w time.Time) bool {
	today := int(w.Weekday()) + 1
	day, nth, hash := strings.Cut(text, "#")
	switch {
	case text == "?":
		return true
	case text == "L":
		return today == 7
	case hash:
		n, _ := strconv.Atoi(nth)
		d, _ := strconv.Atoi(day)
		return today == d && w.AddDate(0, 0, -7*(n-1)).Month() == w.Month() && w.AddDate(0, 0, -7*n).Month() != w.Month()
	case strings.HasSuffix(text, "L"):
		d, _ := strconv.Atoi(strings.TrimSuffix(text, "L"))
		return today == d && w.AddDate(0, 0, 7).Month() != w.Month()
	}
	return listed(text, today, 1)
}
