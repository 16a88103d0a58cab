package expression

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// appendJSON appends v as JSON; members of an object in the order of their names.
func (e *Env) appendJSON(b []byte, v any) ([]byte, error) {
	if err := e.meter.flat(v); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case string:
		return event.AppendString(b, v), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case int:
		return strconv.AppendInt(b, int64(v), 10), nil
	case float64:
		return e.appendFloat(b, v)
	case time.Time:
		return event.AppendString(b, formatTime(v)), nil
	case map[string]any:
		return e.appendObject(b, v)
	case []any:
		return appendList(e, b, v)
	case []string:
		return appendList(e, b, v)
	case []int:
		return appendList(e, b, v)
	}
	return e.appendOther(b, v)
}

func appendList[T any](e *Env, b []byte, list []T) ([]byte, error) {
	b = append(b, '[')
	for i, item := range list {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = e.appendJSON(b, item); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func (e *Env) appendObject(b []byte, m map[string]any) ([]byte, error) {
	if m == nil {
		return append(b, "null"...), nil
	}
	b = append(b, '{')
	for i, name := range sortedNames(m) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(event.AppendString(b, name), ':')
		var err error
		if b, err = e.appendJSON(b, m[name]); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// appendFloat writes f as encoding/json does, but with the digits of the event where f
// comes from there.
func (e *Env) appendFloat(b []byte, f float64) ([]byte, error) {
	if e.exact == nil {
		e.exact = exactNumbers(e.event.Detail())
	}
	if text := e.exact[f]; text != "" {
		return append(b, text...), nil
	}
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return nil, errors.New("JSON has no number for " + strconv.FormatFloat(f, 'g', -1, 64))
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(b, f, format, -1, 64), nil
}

// appendOther writes the values that only some of expr's functions make: the numbers of
// other types, durations and months (as numbers), groupBy's maps and pairs.
func (e *Env) appendOther(b []byte, v any) ([]byte, error) {
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Int:
		return strconv.AppendInt(b, r.Int(), 10), nil
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uint:
		return strconv.AppendUint(b, r.Uint(), 10), nil
	case reflect.Slice, reflect.Array:
		list := make([]any, r.Len())
		for i := range list {
			list[i] = r.Index(i).Interface()
		}
		return appendList(e, b, list)
	case reflect.Map:
		m := make(map[string]any, r.Len())
		for _, key := range r.MapKeys() {
			name, err := toText(e, []any{key.Interface()})
			if err != nil {
				return nil, err
			}
			m[name.(string)] = r.MapIndex(key).Interface()
		}
		return e.appendObject(b, m)
	}
	return nil, fmt.Errorf("JSON has no form for %s", kindOf(v))
}

func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
