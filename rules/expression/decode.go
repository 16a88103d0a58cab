package expression

import (
	"strconv"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// decoder turns JSON into the values that expressions compute with.
type decoder struct {
	// exact maps a float64 back to the text that it was read from, for numbers with
	// more digits than a float64 holds. The empty text stands for two texts that
	// became the same float64: then nobody knows which one a result came from.
	exact map[float64]string
}

func (d *decoder) value(v event.Value) any {
	switch v.Kind() {
	case event.Object:
		return d.object(v)
	case event.Array:
		list := []any{}
		for item := range v.Items() {
			list = append(list, d.value(item))
		}
		return list
	case event.String:
		s, _ := v.Text()
		return s
	case event.Number:
		return d.number(string(v))
	case event.Bool:
		return v.IsTrue()
	}
	return nil
}

func (d *decoder) object(v event.Value) map[string]any {
	m := map[string]any{}
	for name, member := range v.Members() {
		m[name] = d.value(member)
	}
	return m
}

func (d *decoder) number(text string) any {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return int(i)
	}
	// The error is "out of range"; the value is then an infinity, which keeps its
	// text in exact as every other number of many digits does.
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || len(text) > exactDigits {
		d.keep(f, text)
	}
	return f
}

// exactDigits is how many digits every float64 keeps.
const exactDigits = 15

func (d *decoder) keep(f float64, text string) {
	if d.exact == nil {
		d.exact = map[float64]string{}
	}
	if old, seen := d.exact[f]; seen && old != text {
		text = ""
	}
	d.exact[f] = text
}
