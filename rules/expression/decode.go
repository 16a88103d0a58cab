package expression

import (
	"strconv"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// decode turns JSON into the values that expressions compute with.
func decode(v event.Value) any {
	switch v.Kind() {
	case event.Object:
		m := map[string]any{}
		for name, member := range v.Members() {
			m[name] = decode(member)
		}
		return m
	case event.Array:
		list := []any{}
		for item := range v.Items() {
			list = append(list, decode(item))
		}
		return list
	case event.String:
		s, _ := v.Text()
		return s
	case event.Number:
		return number(v)
	case event.Bool:
		return v.IsTrue()
	}
	return nil
}

func number(v event.Value) any {
	if i, err := strconv.ParseInt(string(v), 10, 64); err == nil {
		return int(i)
	}
	// Out of range is an infinity, which compares as it should.
	f, _ := v.Float()
	return f
}

// exactNumbers maps float64 values back to the texts that they were read from, for the
// numbers of v with more digits than a float64 keeps. The empty text stands for two
// texts that became the same float64: nobody knows which one a result came from.
func exactNumbers(v event.Value) map[float64]string {
	exact := map[float64]string{}
	collectExact(exact, v)
	return exact
}

// exactDigits is how many digits every float64 keeps.
const exactDigits = 15

func collectExact(exact map[float64]string, v event.Value) {
	switch v.Kind() {
	case event.Object:
		for _, member := range v.Members() {
			collectExact(exact, member)
		}
	case event.Array:
		for item := range v.Items() {
			collectExact(exact, item)
		}
	case event.Number:
		f, isFloat := number(v).(float64)
		if !isFloat || len(v) <= exactDigits && f <= maxExact && f >= -maxExact {
			return
		}
		text := string(v)
		if old, seen := exact[f]; seen && old != text {
			text = ""
		}
		exact[f] = text
	}
}

// maxExact is below every number that a short text can write and float64 cannot hold.
const maxExact = 1e300
