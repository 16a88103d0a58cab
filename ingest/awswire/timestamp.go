package awswire

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// iso8601 is how forms and XML write a time; the fraction is left out if it is zero.
const iso8601 = "2006-01-02T15:04:05.999Z"

// The bounds keep a time's year within four digits: 0001-01-01 and 9999-12-31.
const (
	minSeconds = -62135596800
	maxSeconds = 253402300799
)

// parseTime reads seconds since 1970 or ISO 8601. Seconds are good to a millisecond,
// which is what every service keeps.
func parseTime(text string) (time.Time, error) {
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		if math.IsNaN(f) || f < minSeconds || f > maxSeconds {
			return time.Time{}, fmt.Errorf("%s is no time in seconds since 1970", text)
		}
		return time.UnixMilli(int64(math.Round(f * 1000))).UTC(), nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("write a time like 2026-01-02T15:04:05Z, not %q", text)
	}
	return t.UTC(), nil
}

// appendSeconds writes t as JSON does: seconds since 1970, milliseconds after the
// point if there are any.
func appendSeconds(b []byte, t time.Time) []byte {
	return strconv.AppendFloat(b, float64(t.UnixMilli())/1000, 'f', -1, 64)
}

func formatISO(t time.Time) string { return t.UTC().Format(iso8601) }
