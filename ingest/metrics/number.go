package metrics

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// The texts of numbers that JSON has none for, as AWS's protocols write them. A Datum
// may hold them until Validate refuses it.
const (
	NaN         = json.Number("NaN")
	Infinity    = json.Number("Infinity")
	NegInfinity = json.Number("-Infinity")
)

// Float is the shortest text of f that reads back as f.
func Float(f float64) json.Number {
	switch {
	case math.IsNaN(f):
		return NaN
	case math.IsInf(f, 1):
		return Infinity
	case math.IsInf(f, -1):
		return NegInfinity
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return json.Number(strconv.FormatFloat(f, format, -1, 64))
}

// Int is the text of n.
func Int(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }

// ParseNumber reads a number as forms, StatsD lines and people write it, and gives it a
// text that JSON takes: one that is JSON stays as it is, "+1", ".5" and "1." lose or gain
// what they must. ok is false for what is no number.
func ParseNumber(text string) (n json.Number, ok bool) {
	if event.Value(text).Kind() == event.Number && event.Check([]byte(text)) == nil && strings.TrimSpace(text) == text {
		return json.Number(text), true
	}
	switch strings.ToLower(strings.TrimPrefix(text, "+")) {
	case "nan":
		return NaN, true
	case "inf", "infinity":
		return Infinity, true
	case "-inf", "-infinity":
		return NegInfinity, true
	}
	if strings.Trim(text, "0123456789+-.eE") != "" {
		return "", false // ParseFloat also takes 0x1p-2
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return "", false
	}
	return Float(f), true
}
