package rulefile

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"time"

	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// duration is a span of time: 15m, 1h30m, 500ms, 7d.
type duration struct{ min, max time.Duration }

// spans are the parts of a duration, each with its unit.
var spans = regexp.MustCompile(`^(?:[0-9]{1,9}(?:ms|s|m|h|d))+$`)

var span = regexp.MustCompile(`([0-9]+)(ms|s|m|h|d)`)

var units = map[string]time.Duration{"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}

// parseDuration reads a duration; ok is false where the text is none.
func parseDuration(s string) (d time.Duration, ok bool) {
	if !spans.MatchString(s) {
		return 0, false
	}
	for _, m := range span.FindAllStringSubmatch(s, -1) {
		n, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil || n > int64((math.MaxInt64-d)/units[m[2]]) {
			return 0, false
		}
		d += time.Duration(n) * units[m[2]]
	}
	return d, true
}

// formatDuration writes d as a file would: 1m, 24h, 30d.
func formatDuration(d time.Duration) string {
	for _, u := range []string{"d", "h", "m", "s"} {
		if d >= units[u] && d%units[u] == 0 && (u != "d" || d >= 2*units[u]) {
			return fmt.Sprintf("%d%s", d/units[u], u)
		}
	}
	return fmt.Sprintf("%dms", d/time.Millisecond)
}

func (x duration) check(r *reading, v *source.Value, path string) bool {
	d, ok := parseDuration(v.Text)
	if v.Kind != event.String || !ok {
		label := "write a number and a unit, as 15m"
		if v.Kind == event.Number {
			label = fmt.Sprintf("write a unit: %ss, %sm or %sh", v.Text, v.Text, v.Text)
		}
		r.find(v.Pos, path, "R013", fmt.Sprintf("%q is a span of time", last(path)), label, "units: ms, s, m, h, d; 1h30m is fine")
		return false
	}
	if d < x.min || d > x.max {
		r.find(v.Pos, path, "R013", fmt.Sprintf("%q is between %s and %s, not %s", last(path), formatDuration(x.min), formatDuration(x.max), v.Text),
			bound(d < x.min, formatDuration(x.min), formatDuration(x.max)), "")
		return false
	}
	return true
}

// bound says what to write in place of too little, or too much.
func bound(tooLittle bool, least, most string) string {
	if tooLittle {
		return "write " + least + " or more"
	}
	return "write " + most + " or less"
}

// size is a number of bytes: 512, 64KiB, 32MiB.
type size struct{ min, max int64 }

var bytesText = regexp.MustCompile(`^([0-9]{1,12})(B|KiB|MiB|GiB)?$`)

var factors = map[string]int64{"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}

// parseSize reads a size; ok is false where the text is none.
func parseSize(s string) (n int64, ok bool) {
	m := bytesText.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil || n > math.MaxInt64/factors[m[2]] {
		return 0, false
	}
	return n * factors[m[2]], true
}

// formatSize writes n as a file would.
func formatSize(n int64) string {
	for _, u := range []string{"GiB", "MiB", "KiB"} {
		if n >= factors[u] && n%factors[u] == 0 {
			return fmt.Sprintf("%d%s", n/factors[u], u)
		}
	}
	return fmt.Sprintf("%d", n)
}

func (x size) check(r *reading, v *source.Value, path string) bool {
	n, ok := parseSize(v.Text)
	if v.Kind != event.String && v.Kind != event.Number || !ok {
		r.find(v.Pos, path, "R014", fmt.Sprintf("%q is a number of bytes", last(path)), "write it as 32MiB", "units: KiB, MiB, GiB")
		return false
	}
	if n < x.min || n > x.max {
		r.find(v.Pos, path, "R014", fmt.Sprintf("%q is between %s and %s, not %s", last(path), formatSize(x.min), formatSize(x.max), v.Text),
			bound(n < x.min, formatSize(x.min), formatSize(x.max)), "")
		return false
	}
	return true
}

// version is the number 1.
type version struct{}

func (version) check(r *reading, v *source.Value, path string) bool {
	if v.Kind == event.Number && v.Text == "1" {
		return true
	}
	r.find(v.Pos, path, "R010", "this tocsin reads version 1 of the format", "write  version: 1", "")
	return false
}
