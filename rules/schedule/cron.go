package schedule

import (
	"fmt"
	"strconv"
	"strings"
)

// cron is a parsed cron expression: sets of numbers, one bit each, and the special days.
type cron struct {
	minutes, hours, months uint64
	years                  [maxYear - minYear + 1]bool
	days                   days
}

// days are the days of a month that it names, by exactly one of the two day fields.
type days struct {
	// ofMonth and ofWeek are bits; ofWeek 1 is Sunday. 0 means another member says it.
	ofMonth, ofWeek uint64
	// lastOfMonth is L in the first field; weekdayNear is n of nW.
	lastOfMonth bool
	weekdayNear int
	// weekday is n of n#nth, or of nL where nth is -1; 1 is Sunday.
	weekday, nth int
}

const (
	minYear = 1970
	maxYear = 2199
)

// field is one of the six.
type field struct {
	name     string
	min, max int
	names    []string // of min and the numbers after it
}

var (
	minuteField = field{name: "minutes", min: 0, max: 59}
	hourField   = field{name: "hours", min: 0, max: 23}
	dayField    = field{name: "day-of-month", min: 1, max: 31}
	monthField  = field{name: "month", min: 1, max: 12, names: strings.Fields("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC")}
	weekField   = field{name: "day-of-week", min: 1, max: 7, names: strings.Fields("SUN MON TUE WED THU FRI SAT")}
	yearField   = field{name: "year", min: minYear, max: maxYear}
)

// word is one field of an expression, with its place.
type word struct {
	text   string
	offset int // in runes
}

// wrong is an error about a part of a word.
func (w word) wrong(message, label string) *Error {
	return &Error{Code: "S003", Offset: w.offset, Length: max(1, len([]rune(w.text))), Message: message, Label: label,
		Help: "the six fields: minutes hours day-of-month month day-of-week year"}
}

// split cuts an expression into its fields.
func split(text string) []word {
	var words []word
	offset := 0
	for part := range strings.SplitSeq(text, " ") {
		if part != "" {
			words = append(words, word{part, offset})
		}
		offset += len([]rune(part)) + 1
	}
	return words
}

func parseCron(text string) (c cron, wrong *Error) {
	words := split(text)
	if len(words) != 6 {
		return c, word{text, 0}.wrong(fmt.Sprintf("a cron expression has six fields, this has %d", len(words)), "write it as cron(0 8 ? * MON-FRI *)")
	}
	for _, f := range []struct {
		field
		into *uint64
		word
	}{{minuteField, &c.minutes, words[0]}, {hourField, &c.hours, words[1]}, {monthField, &c.months, words[3]}} {
		if *f.into, wrong = f.set(f.word); wrong != nil {
			return c, wrong
		}
	}
	if c.days, wrong = parseDays(words[2], words[4]); wrong != nil {
		return c, wrong
	}
	return c, yearField.each(words[5], func(n int) { c.years[n-minYear] = true })
}

// parseDays reads the two day fields, of which one is ? and the other is not.
func parseDays(month, week word) (d days, wrong *Error) {
	switch {
	case month.text == "?" && week.text == "?":
		return d, week.wrong("both day fields are ?", "write * here, or the days")
	case month.text != "?" && week.text != "?":
		return d, week.wrong("both day fields say which days", "write ? here, or in day-of-month")
	case week.text == "?":
		return d, d.readMonth(month)
	}
	return d, d.readWeek(week)
}

func (d *days) readMonth(w word) (wrong *Error) {
	if w.text == "L" {
		d.lastOfMonth = true
		return nil
	}
	if number, ok := strings.CutSuffix(w.text, "W"); ok {
		d.weekdayNear, wrong = dayField.number(word{number, w.offset})
		return wrong
	}
	d.ofMonth, wrong = dayField.set(w)
	return wrong
}

func (d *days) readWeek(w word) (wrong *Error) {
	if w.text == "L" {
		d.ofWeek = 1 << 7 // the last day of the week is Saturday
		return nil
	}
	if day, ok := strings.CutSuffix(w.text, "L"); ok {
		d.nth = -1
		d.weekday, wrong = weekField.number(word{day, w.offset})
		return wrong
	}
	if day, nth, ok := strings.Cut(w.text, "#"); ok {
		if d.weekday, wrong = weekField.number(word{day, w.offset}); wrong != nil {
			return wrong
		}
		n, err := strconv.Atoi(nth)
		if err != nil || n < 1 || n > 5 {
			return w.wrong(fmt.Sprintf("%q is no place of a day in a month", shorten(nth)), "write 1 to 5 after #, and one day only")
		}
		d.nth = n
		return nil
	}
	d.ofWeek, wrong = weekField.set(w)
	return wrong
}

// set reads a field into bits.
func (f field) set(w word) (bits uint64, wrong *Error) {
	return bits, f.each(w, func(n int) { bits |= 1 << n })
}

// each reads a field's list: a, a-b, *, a/step, a-b/step, */step.
func (f field) each(w word, add func(int)) *Error {
	at := w.offset
	for part := range strings.SplitSeq(w.text, ",") {
		if wrong := f.part(word{part, at}, add); wrong != nil {
			return wrong
		}
		at += len([]rune(part)) + 1
	}
	return nil
}

func (f field) part(w word, add func(int)) *Error {
	span, stepText, stepped := strings.Cut(w.text, "/")
	step := 1
	if stepped {
		n, err := strconv.Atoi(stepText)
		if err != nil || n < 1 || n > f.max {
			return word{stepText, w.offset + len([]rune(span)) + 1}.wrong(
				fmt.Sprintf("%q is no step of %s", shorten(stepText), f.name), fmt.Sprintf("write a number from 1 to %d", f.max))
		}
		step = n
	}
	from, to, wrong := f.span(word{span, w.offset}, stepped)
	if wrong != nil {
		return wrong
	}
	for n := from; n <= to; n += step {
		add(n)
	}
	return nil
}

// span reads what stands before a step: *, a or a-b. With a step, a alone goes on to
// the field's end.
func (f field) span(w word, stepped bool) (from, to int, wrong *Error) {
	if w.text == "*" {
		return f.min, f.max, nil
	}
	first, last, isRange := strings.Cut(w.text, "-")
	if from, wrong = f.number(word{first, w.offset}); wrong != nil {
		return 0, 0, wrong
	}
	switch {
	case isRange:
		to, wrong = f.number(word{last, w.offset + len([]rune(first)) + 1})
		if wrong == nil && to < from {
			wrong = w.wrong(fmt.Sprintf("%s ends before it begins", w.text), "write two ranges: one to the end, one from the beginning")
		}
		return from, to, wrong
	case stepped:
		return from, f.max, nil
	}
	return from, from, nil
}

// number reads one number or name of the field.
func (f field) number(w word) (int, *Error) {
	for i, name := range f.names {
		if strings.EqualFold(w.text, name) {
			return f.min + i, nil
		}
	}
	n, err := strconv.Atoi(w.text)
	digits := strings.Trim(w.text, "0123456789") == ""
	if err != nil || !digits || n < f.min || n > f.max {
		label := fmt.Sprintf("write a number from %d to %d", f.min, f.max)
		if f.names != nil {
			label += fmt.Sprintf(", or %s to %s", f.names[0], f.names[len(f.names)-1])
		}
		return 0, w.wrong(fmt.Sprintf("%q is not in %s", shorten(w.text), f.name), label)
	}
	return n, nil
}
