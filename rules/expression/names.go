package expression

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/builtin"
)

// Names are what an expression sees, in the order of the documentation.
var Names = []string{
	"id", "source", "detail_type", "account", "region", "time", "resources", "detail",
	"metric", "log", "segment", "call", "env",
}

// details are the names whose members come with the event.
var details = map[string]bool{"detail": true, "metric": true, "log": true, "segment": true, "call": true}

// timeMethods are those of Go's time that are functions of the time alone and of
// nothing that the machine knows.
var timeMethods = []string{
	"Year", "Month", "Day", "Hour", "Minute", "Second", "Nanosecond", "Weekday", "YearDay", "Unix", "UnixMilli",
	"Format", "Before", "After", "Equal", "Compare", "Sub", "Add", "AddDate", "Truncate", "Round",
	"Hours", "Minutes", "Seconds", "Milliseconds", "String",
}

// functions are the names of all functions that may be called.
var functions = func() []string {
	var names []string
	for _, f := range builtin.Builtins {
		if refused[f.Name] == "" {
			names = append(names, f.Name)
		}
	}
	return names
}()

// nearest returns the candidate closest to name, if it is at most two changes away and
// not another word of the same few letters.
func nearest(name string, candidates []string) (string, bool) {
	best, _ := nearestBy(name, candidates)
	return best, best != ""
}

// nearestBy also says how many changes away it is.
func nearestBy(name string, candidates []string) (best string, distance int) {
	best, distance = "", min(3, (len(name)+1)/2)
	for _, c := range candidates {
		if d := edits(strings.ToLower(name), strings.ToLower(c)); d < distance {
			best, distance = c, d
		}
	}
	return best, distance
}

// edits is the number of insertions, deletions, replacements and swaps of neighbours
// that make b of a.
func edits(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			change := 1
			if x[i-1] == y[j-1] {
				change = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}

// kindOf names the kind of a value as a sentence would.
func kindOf(v any) string {
	if v == nil {
		return "nil"
	}
	return kindOfType(reflect.TypeOf(v))
}

func kindOfType(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[time.Time]():
		return "a time"
	case reflect.TypeFor[time.Duration]():
		return "a duration"
	}
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "an object"
	case reflect.Func:
		return "a function"
	case reflect.Interface:
		return "any value"
	}
	if t.ConvertibleTo(reflect.TypeFor[float64]()) {
		return "a number"
	}
	return fmt.Sprintf("a %s", t)
}

// list writes names as "a, b, c".
func list(names []string) string { return strings.Join(names, ", ") }

func contains(names []string, name string) bool { return slices.Contains(names, name) }
