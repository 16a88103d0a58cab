package logfile

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Timestamp finds the time in a line, by a format in the manner of strftime.
type Timestamp struct {
	re     *regexp.Regexp
	groups []byte // the directive of each group
}

// patterns has a regular expression for each directive. Numbers may lack their leading
// zero or have a space in its place, whether the directive has a "-" or not: those who
// write "Nov  2" and "Nov 02" mean the same.
var patterns = map[byte]string{
	'Y': `\d{4}`, 'y': `\d{2}`, 'm': `\s?\d{1,2}`, 'd': `\s?\d{1,2}`, 'e': `\s?\d{1,2}`, 'j': `\d{1,3}`,
	'H': `\s?\d{1,2}`, 'I': `\s?\d{1,2}`, 'M': `\d{1,2}`, 'S': `\d{1,2}`, 'f': `\d{1,9}`, 's': `\d{9,11}`,
	'B': `[A-Za-z]{3,9}`, 'b': `[A-Za-z]{3}`, 'h': `[A-Za-z]{3}`, 'A': `[A-Za-z]{6,9}`, 'a': `[A-Za-z]{3}`,
	'p': `[AaPp]\.?[Mm]\.?`, 'Z': `[A-Za-z]{1,5}`, 'z': `Z|[+-]\d{2}:?\d{2}`, 'w': `\d`, 'u': `\d`, 'U': `\d{2}`, 'W': `\d{2}`,
}

// compounds are directives that stand for others.
var compounds = map[byte]string{
	'T': "%H:%M:%S", 'R': "%H:%M", 'F': "%Y-%m-%d", 'D': "%m/%d/%y",
	'X': "%H:%M:%S", 'x': "%m/%d/%y", 'c': "%a %b %d %H:%M:%S %Y",
}

// maxFormat is the longest format; the agent's schema allows 4,096 characters, and no
// time needs more.
const maxFormat = 4096

// ParseTimestamp reads a format such as "%Y-%m-%d %H:%M:%S,%f".
func ParseTimestamp(format string) (*Timestamp, error) {
	if len(format) > maxFormat {
		return nil, fmt.Errorf("the format has %d characters; %d are the most", len(format), maxFormat)
	}
	t := &Timestamp{}
	var b strings.Builder
	if err := t.compile(&b, format); err != nil {
		return nil, err
	}
	if len(t.groups) == 0 {
		return nil, fmt.Errorf("%q names no part of a time; write one like %%Y-%%m-%%d %%H:%%M:%%S", format)
	}
	re, err := regexp.Compile(b.String())
	if err != nil {
		return nil, fmt.Errorf("%q is too long a format", format)
	}
	t.re = re
	return t, nil
}

func (t *Timestamp) compile(b *strings.Builder, format string) error {
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			end := i + 1
			for end < len(format) && format[end] != '%' {
				end++
			}
			b.WriteString(regexp.QuoteMeta(format[i:end]))
			i = end - 1
			continue
		}
		i++
		if i < len(format) && format[i] == '-' { // %-d: without a leading zero
			i++
		}
		if i == len(format) {
			return fmt.Errorf("%q ends in the middle of a directive; %%%% is a percent sign", format)
		}
		if err := t.directive(b, format[i]); err != nil {
			return err
		}
	}
	return nil
}

func (t *Timestamp) directive(b *strings.Builder, c byte) error {
	if c == '%' {
		b.WriteByte('%')
		return nil
	}
	if long, ok := compounds[c]; ok {
		return t.compile(b, long)
	}
	pattern, ok := patterns[c]
	if !ok {
		return fmt.Errorf("%%%c is no part of a time; write %%Y %%m %%d %%H %%M %%S %%f %%b %%z …", c)
	}
	b.WriteString("(" + pattern + ")")
	t.groups = append(t.groups, c)
	return nil
}

// Regexp matches a line that has such a time.
func (t *Timestamp) Regexp() *regexp.Regexp { return t.re }

// Find returns the first such time in a line and where it stands. What the format
// leaves out is taken from now: the year, so that the time is not more than 30 days
// ahead, and the day, so that it is not more than half a day ahead. A time without an
// offset is in loc; so is one with a zone's name other than UTC's, since those are not
// unique.
func (t *Timestamp) Find(line string, loc *time.Location, now time.Time) (at time.Time, place []int, ok bool) {
	m := t.re.FindStringSubmatchIndex(line)
	if m == nil {
		return time.Time{}, nil, false
	}
	p := parts{year: -1, month: -1, day: -1, loc: loc}
	for i, c := range t.groups {
		if !p.set(c, strings.TrimSpace(line[m[2*i+2]:m[2*i+3]])) {
			return time.Time{}, nil, false
		}
	}
	at, ok = p.time(now)
	return at, m[:2], ok
}

// parts are the numbers of a time; -1 is not given.
type parts struct {
	year, month, day, yearDay int
	hour, minute, second      int
	nanos                     int
	epoch                     int64
	pm, am                    bool
	loc                       *time.Location
}

// set takes one directive's text.
func (p *parts) set(c byte, text string) bool {
	switch c {
	case 'B', 'b', 'h':
		p.month = monthOf(text)
		return p.month > 0
	case 'A', 'a', 'w', 'u', 'U', 'W':
		return true // the date says it already
	case 'p':
		p.pm, p.am = text[0]|0x20 == 'p', text[0]|0x20 == 'a'
		return true
	case 'Z':
		if u := strings.ToUpper(text); u == "UTC" || u == "GMT" || u == "Z" {
			p.loc = time.UTC
		}
		return true
	case 'z':
		p.loc = offset(text)
		return true
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return false
	}
	return p.number(c, int(n), len(text))
}

// number takes a directive that is a number of some digits.
func (p *parts) number(c byte, n, digits int) bool {
	switch c {
	case 'Y':
		p.year = n
	case 'y':
		p.year = 2000 + n
		if n >= 69 { // as POSIX does
			p.year = 1900 + n
		}
	case 'm':
		p.month = n
		return n >= 1 && n <= 12
	case 'd', 'e':
		p.day = n
		return n >= 1 && n <= 31
	case 'j':
		p.yearDay = n
		return n >= 1 && n <= 366
	case 'H':
		p.hour = n
		return n <= 23
	case 'I':
		p.hour = n
		return n >= 1 && n <= 12
	case 'M':
		p.minute = n
		return n <= 59
	case 'S':
		p.second = n
		return n <= 60 // a leap second
	case 'f':
		for ; digits < 9; digits++ {
			n *= 10
		}
		p.nanos = n
	case 's':
		p.epoch = int64(n)
	}
	return true
}

func (p *parts) time(now time.Time) (time.Time, bool) {
	if p.epoch > 0 {
		return time.Unix(p.epoch, int64(p.nanos)).In(p.loc), true
	}
	if p.pm && p.hour < 12 {
		p.hour += 12
	} else if p.am && p.hour == 12 {
		p.hour = 0
	}
	now = now.In(p.loc)
	switch {
	case p.yearDay > 0:
		return p.on(cmp.Or(max(p.year, 0), now.Year()), 1, p.yearDay), true
	case p.month < 0 && p.day < 0:
		year, month, day := now.Date()
		at := p.on(year, int(month), day)
		if at.Sub(now) > 12*time.Hour {
			at = p.on(year, int(month), day-1)
		}
		return at, true
	}
	month, day := max(p.month, 1), max(p.day, 1)
	at := p.on(max(p.year, 0), month, day)
	if p.year < 0 {
		if at = p.on(now.Year(), month, day); at.Sub(now) > 30*24*time.Hour {
			at = p.on(now.Year()-1, month, day)
		}
	}
	// A day that the month does not have becomes one of the next; so may a leap second.
	return at, int(at.Month()) == month || p.second == 60
}

func (p *parts) on(year, month, day int) time.Time {
	return time.Date(year, time.Month(month), day, p.hour, p.minute, p.second, p.nanos, p.loc)
}

// monthOf is 1 to 12, or 0 for what is no English month, in full or its first three letters.
func monthOf(text string) int {
	for m := time.January; m <= time.December; m++ {
		if strings.EqualFold(text, m.String()) || strings.EqualFold(text, m.String()[:3]) {
			return int(m)
		}
	}
	return 0
}

// offset is the zone of "Z", "+0200" or "-03:30".
func offset(text string) *time.Location {
	if text == "Z" {
		return time.UTC
	}
	digits := strings.ReplaceAll(text[1:], ":", "")
	hours, _ := strconv.Atoi(digits[:2]) // the pattern has made sure of digits
	minutes, _ := strconv.Atoi(digits[2:])
	seconds := (hours*60 + minutes) * 60
	if text[0] == '-' {
		seconds = -seconds
	}
	if seconds == 0 {
		return time.UTC
	}
	return time.FixedZone(text, seconds)
}
