package awswire

import (
	"net/url"
	"reflect"
)

// DecodeREST fills into, a pointer to a struct, from a rest-json request: the body's
// JSON first, then the labels of the path and the parameters of the query, under the
// names that the rest tags give.
func DecodeREST(labels map[string]string, query url.Values, body []byte, into any) error {
	if err := DecodeJSON(body, into); err != nil {
		return err
	}
	s := settle(reflect.ValueOf(into))
	for _, m := range planOf(s.Type()).members {
		values := query[m.rest]
		if label, ok := labels[m.rest]; ok {
			values = []string{label}
		}
		if len(values) == 0 {
			continue
		}
		if err := setTexts(settle(s.Field(m.index)), values); err != nil {
			return serialization("%s: %v", m.rest, err)
		}
	}
	return nil
}

// setTexts sets a member to what a path or a query says: a list takes each value, all
// others the first.
func setTexts(into reflect.Value, values []string) error {
	if into.Kind() != reflect.Slice || into.Type() == bytesType {
		if into.Kind() == reflect.Struct && into.Type() != timeType || into.Kind() == reflect.Map {
			return nil // members like these are in bodies only
		}
		return setText(into, values[0])
	}
	list := reflect.MakeSlice(into.Type(), min(len(values), maxItems), min(len(values), maxItems))
	for i := range list.Len() {
		if err := setTexts(settle(list.Index(i)), values[i:]); err != nil {
			return err
		}
	}
	into.Set(list)
	return nil
}
