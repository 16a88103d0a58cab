package schedule

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a container may have no zones
)

// Schedule is a checked expression. It is immutable and safe for concurrent use.
type Schedule struct {
	text string
	zone *time.Location
	rate time.Duration // 0 for cron
	cron cron
}

// Error is what is wrong with an expression, with the part that is meant and what to
// write instead.
type Error struct {
	// Code is S001 (neither rate nor cron), S002 (rate), S003 (cron), S004 (never due)
	// or S005 (time zone).
	Code string
	// Offset and Length name the part, in runes.
	Offset, Length       int
	Message, Label, Help string
}

func (e *Error) Error() string { return e.Message }

// Parse reads an expression. zone is an IANA name, as Europe/Berlin; "" is UTC.
func Parse(text, zone string) (*Schedule, *Error) {
	location, err := time.LoadLocation(zone)
	if err != nil || zone == "Local" {
		return nil, &Error{Code: "S005", Length: len([]rune(zone)), Message: fmt.Sprintf("there is no time zone %q", zone),
			Label: "write it as Europe/Berlin or UTC", Help: "names are those of the IANA time zone database"}
	}
	s := &Schedule{text: text, zone: location}
	inner, isRate := within(text, "rate")
	if isRate {
		s.rate, err = parseRate(inner)
		if err != nil {
			return nil, &Error{Code: "S002", Offset: len("rate("), Length: max(1, len([]rune(inner))), Message: err.Error(),
				Label: "write it as rate(5 minutes)", Help: "units: minute, minutes, hour, hours, day, days; one takes the unit without s"}
		}
		return s, nil
	}
	inner, isCron := within(text, "cron")
	if !isCron {
		return nil, &Error{Code: "S001", Length: max(1, len([]rune(text))), Message: fmt.Sprintf("%q is no schedule", shorten(text)),
			Label: "write rate(5 minutes) or cron(0 8 ? * MON-FRI *)", Help: "no spaces around the brackets, as EventBridge wants it"}
	}
	var wrong *Error
	if s.cron, wrong = parseCron(inner); wrong != nil {
		wrong.Offset += len("cron(")
		return nil, wrong
	}
	if s.Next(time.Time{}).IsZero() {
		return nil, &Error{Code: "S004", Length: len([]rune(text)), Message: "this is never due",
			Label: "no month has such a day", Help: "the 30th of February, say, or the 31st of April"}
	}
	return s, nil
}

// within is what stands in the brackets of name(…).
func within(text, name string) (inner string, ok bool) {
	inner, ok = strings.CutPrefix(text, name+"(")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(inner, ")")
}

var rateText = regexp.MustCompile(`^([0-9]+) (minute|hour|day)(s?)$`)

// maxRate bounds a rate, so that times can be reckoned with: about a century.
const maxRate = 100 * 366 * 24 * time.Hour

func parseRate(text string) (time.Duration, error) {
	m := rateText.FindStringSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("%q is no number with a unit", shorten(text))
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	unit := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[m[2]]
	switch {
	case err != nil || n > int64(maxRate/unit):
		return 0, fmt.Errorf("%s is too long", shorten(text))
	case n == 0:
		return 0, fmt.Errorf("a rate is 1 or more")
	case n == 1 && m[3] == "s":
		return 0, fmt.Errorf("1 takes the unit without s: %s", m[2])
	case n > 1 && m[3] == "":
		return 0, fmt.Errorf("%d takes the unit with s: %ss", n, m[2])
	}
	return time.Duration(n) * unit, nil
}

// shorten cuts what is too long for a message.
func shorten(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:39]) + "…"
	}
	return s
}

// String is the expression as it was written.
func (s *Schedule) String() string { return s.text }

// Zone is the name of the time zone.
func (s *Schedule) Zone() string { return s.zone.String() }

// Next is when it is due after last, which is when it was due before or, for one that
// begins, now. Zero is never again.
func (s *Schedule) Next(last time.Time) time.Time {
	if s.rate > 0 {
		return last.Add(s.rate)
	}
	return s.cron.next(last, s.zone)
}

// Latest is the last time that it was due, from due on, up to now: what a program that
// did not run in between has still to make up for. due must not be after now.
func (s *Schedule) Latest(due, now time.Time) time.Time {
	if s.rate > 0 {
		return due.Add(now.Sub(due) / s.rate * s.rate)
	}
	// Most schedules are due often: look back a little before looking back far.
	for _, back := range []time.Duration{time.Hour, 25 * time.Hour, 32 * 24 * time.Hour, 367 * 24 * time.Hour} {
		if from := now.Add(-back); from.After(due) {
			if at := s.last(from, now); !at.IsZero() {
				return at
			}
		}
	}
	if at := s.last(due, now); !at.IsZero() {
		return at
	}
	return due
}

// last is the last time after from and up to now, zero if there is none.
func (s *Schedule) last(from, now time.Time) (last time.Time) {
	for at := s.Next(from); !at.IsZero() && !at.After(now); at = s.Next(at) {
		last = at
	}
	return last
}
