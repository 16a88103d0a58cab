package logs

import (
	"fmt"
	"regexp"
	"time"
	"unicode/utf8"
)

// The limits of PutLogEvents
// (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html).
const (
	// MaxRecords is how many records one batch may have.
	MaxRecords = 10_000
	// MaxBatch is how many bytes a batch counts for at most, MaxRecord one record; each
	// counts its message in UTF-8 and Overhead.
	MaxBatch  = 1 << 20
	MaxRecord = 1 << 20
	Overhead  = 26
	// MaxSpan is the time between a batch's first and last record, MaxAhead how far a
	// record may be in the future, MaxAge how far in the past.
	MaxSpan  = 24 * time.Hour
	MaxAhead = 2 * time.Hour
	MaxAge   = 14 * 24 * time.Hour
	// MaxName is how many characters the name of a group or a stream has.
	MaxName = 512
)

// Retentions are the days that a group may keep its records.
var Retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// Size is what the record counts for in a batch.
func (r Record) Size() int { return len(r.Message) + Overhead }

// Error is why a batch or a name is refused, in CloudWatch Logs' words. Its code is always
// InvalidParameterException.
type Error string

func (e Error) Error() string { return string(e) }

func refuse(format string, args ...any) error { return Error(fmt.Sprintf(format, args...)) }

// CheckBatch says why a batch is refused as a whole; nil accepts it so far: Window judges
// its times. The error is an Error.
func CheckBatch(records []Record) error {
	if n := len(records); n == 0 || n > MaxRecords {
		return refuse("1 validation error detected: Value '[%d log events]' at 'logEvents' failed to satisfy constraint: Member must have length %s", n, lengthRule(n, MaxRecords))
	}
	total := 0
	for i, r := range records {
		switch {
		case r.Message == "":
			return refuse("1 validation error detected: Value '' at 'logEvents.%d.member.message' failed to satisfy constraint: Member must have length greater than or equal to 1", i+1)
		case r.Time.UnixMilli() < 0:
			return refuse("1 validation error detected: Value '%d' at 'logEvents.%d.member.timestamp' failed to satisfy constraint: Member must have value greater than or equal to 0", r.Time.UnixMilli(), i+1)
		case r.Size() > MaxRecord:
			return refuse("Log event too large: %d bytes exceeds limit of %d", r.Size(), MaxRecord)
		case i > 0 && r.Time.Before(records[i-1].Time):
			return refuse("Log events in a single PutLogEvents request must be in chronological order.")
		}
		total += r.Size()
	}
	if total > MaxBatch {
		return refuse("Upload too large: %d bytes exceeds limit of %d", total, MaxBatch)
	}
	if records[len(records)-1].Time.Sub(records[0].Time) > MaxSpan {
		return refuse("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	}
	return nil
}

// Rejected says which records of a batch are refused by their time. An index is -1 where
// none is.
type Rejected struct {
	// TooNewStart is the first record that is too new.
	TooNewStart int
	// TooOldEnd is the first record that is not too old, ExpiredEnd the first one that
	// the group's retention would still keep.
	TooOldEnd, ExpiredEnd int
}

// Any says whether a record is refused.
func (r Rejected) Any() bool { return r.TooNewStart >= 0 || r.TooOldEnd >= 0 || r.ExpiredEnd >= 0 }

// Window returns those records of a batch that CheckBatch has accepted whose time can be
// taken, and which of the others are refused. retention is how long the group keeps its
// records; 0 is for ever.
func Window(records []Record, now time.Time, retention time.Duration) ([]Record, Rejected) {
	rejected := Rejected{TooNewStart: -1, TooOldEnd: -1, ExpiredEnd: -1}
	from, to := 0, len(records)
	for i, r := range records {
		age := now.Sub(r.Time)
		if age > MaxAge {
			rejected.TooOldEnd, from = i+1, i+1
		}
		if retention > 0 && age > retention {
			rejected.ExpiredEnd, from = i+1, i+1
		}
		if age < -MaxAhead {
			rejected.TooNewStart, to = i, i
			break
		}
	}
	return records[from:to], rejected
}

// The characters of names.
var (
	groupName  = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]+$`)
	streamName = regexp.MustCompile(`^[^:*]+$`)
)

// CheckGroup says why a log group cannot be called name; at is the member that has the
// name: "logGroupName". The error is an Error.
func CheckGroup(at, name string) error { return checkName(at, name, groupName, `[\.\-_/#A-Za-z0-9]+`) }

// CheckStream is CheckGroup for a log stream.
func CheckStream(at, name string) error { return checkName(at, name, streamName, `[^:*]*`) }

func checkName(at, name string, allowed *regexp.Regexp, pattern string) error {
	switch {
	case name == "":
		return refuse("1 validation error detected: Value '' at '%s' failed to satisfy constraint: Member must have length greater than or equal to 1", at)
	case utf8.RuneCountInString(name) > MaxName:
		return refuse("Invalid LogGroup or LogStream, both must have length less than or equal to %d.", MaxName)
	case !allowed.MatchString(name):
		return refuse("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: %s", name, at, pattern)
	}
	return nil
}

func lengthRule(n, most int) string {
	if n == 0 {
		return "greater than or equal to 1"
	}
	return fmt.Sprintf("less than or equal to %d", most)
}
