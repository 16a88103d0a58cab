package logfile

import (
	"regexp"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/logs"
)

// MaxMessage is the longest message in bytes: what is left of the 1,048,576 of a
// PutLogEvents request after the 26 that each event counts for.
const MaxMessage = 1<<20 - 26

// cut is the end of a message that was longer.
const cut = "[Truncated...]"

// Log says which files are followed, and how they become records.
type Log struct {
	// Path is a glob: * ? [a-z] {a,b}, and ** for any number of folders.
	Path string
	// All follows every file that Path names; otherwise only the newest is begun.
	All bool
	// Blacklist leaves out files whose name it matches.
	Blacklist *regexp.Regexp
	// Group and Stream are where the records go. {date} is the day of the record, UTC.
	Group, Stream string
	// Start matches the first line of a record; nil matches lines that do not begin
	// with white space.
	Start *regexp.Regexp
	// Timestamp finds the time of a record, in Location if the format has no offset;
	// nil makes it the time of reading. Trim takes it out of the message.
	Timestamp *Timestamp
	Location  *time.Location
	Trim      bool
	Encoding  Encoding
	// Filters must all let a record through.
	Filters []Filter
	// FromEnd begins files that are there at the first poll at their end.
	FromEnd bool
	// AutoRemoval deletes a file that was read to its end when a newer one follows it.
	AutoRemoval bool
}

// Filter lets records through that Expression matches, or with Exclude those that it
// does not.
type Filter struct {
	Exclude    bool
	Expression *regexp.Regexp
}

// starts says whether a line is the first of a record.
func (l *Log) starts(line string) bool {
	if l.Start != nil {
		return l.Start.MatchString(line)
	}
	return line != "" && !strings.ContainsRune(" \t\r\v\f", rune(line[0]))
}

// record makes a record of a text; ok is false if a filter keeps it back. last is the
// time of the record before, which one without a time gets.
func (l *Log) record(text string, last *time.Time, now time.Time) (r logs.Record, ok bool) {
	for _, f := range l.Filters {
		if f.Expression.MatchString(text) == f.Exclude {
			return logs.Record{}, false
		}
	}
	at := now
	if l.Timestamp != nil {
		found, place, ok := l.Timestamp.Find(text, l.Location, now)
		switch {
		case ok:
			at, *last = found, found
			if l.Trim {
				text = text[:place[0]] + strings.TrimLeft(text[place[1]:], " \t")
			}
		case !last.IsZero():
			at = *last
		}
	}
	day := at.UTC().Format("2006-01-02")
	return logs.Record{
		Group:  strings.ReplaceAll(l.Group, "{date}", day),
		Stream: strings.ReplaceAll(l.Stream, "{date}", day),
		Time:   at.Truncate(time.Millisecond), Message: text,
	}, true
}
