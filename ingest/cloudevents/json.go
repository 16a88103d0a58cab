package cloudevents

import (
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// structured reads an event that is one JSON object.
func structured(body []byte) (*attributes, error) {
	if err := event.Check(body); err != nil {
		return nil, errors.New("the event is no sound JSON: " + strings.TrimPrefix(err.Error(), "event: "))
	}
	v, _ := event.Cut(body)
	return fromJSON(v)
}

func fromJSON(v event.Value) (*attributes, error) {
	if v.Kind() != event.Object {
		return nil, fmt.Errorf("a CloudEvent is a JSON object, not %s", v.Kind())
	}
	a := &attributes{detail: []byte("{}")}
	var data, encoded event.Value
	for name, value := range v.Members() {
		switch {
		case name == "data":
			data = value
		case name == "data_base64":
			encoded = value
		case value.Kind() == event.Null: // as if it were not there
		default:
			text, _ := value.Text()
			if err := a.set(name, text, value); err != nil {
				return nil, err
			}
		}
	}
	return a, a.data(data, encoded)
}

// data writes the detail of an event in JSON.
func (a *attributes) data(data, encoded event.Value) error {
	switch {
	case encoded == nil || encoded.Kind() == event.Null:
	case data != nil:
		return errors.New("the event has data and data_base64; write one of them")
	default:
		text, ok := encoded.Text()
		raw, err := base64.StdEncoding.DecodeString(text)
		if !ok || err != nil {
			return errors.New("data_base64 is a string in base64")
		}
		return a.payload(a.contentType, raw)
	}
	switch data.Kind() {
	case event.Missing:
	case event.Object:
		a.detail = slices.Clone(data)
	default:
		a.wrap("data", data)
	}
	return nil
}

// wrap makes a detail of data that is no object.
func (a *attributes) wrap(name string, value []byte) {
	a.detail = append(append([]byte(`{"`+name+`":`), value...), '}')
}

// payload writes the detail of data as it was sent: JSON, text, or anything else.
func (a *attributes) payload(kind string, raw []byte) error {
	switch {
	case len(raw) == 0:
	case isJSON(kind):
		if err := event.Check(raw); err != nil {
			return fmt.Errorf("the data is not the JSON that its content type says: %s", strings.TrimPrefix(err.Error(), "event: "))
		}
		v, _ := event.Cut(raw)
		return a.data(slices.Clone(v), nil)
	case strings.HasPrefix(kind, "text/"):
		a.wrap("data", event.AppendString(nil, string(raw)))
	default:
		a.wrap("data_base64", event.AppendString(nil, base64.StdEncoding.EncodeToString(raw)))
	}
	return nil
}

// isJSON says whether a media type is JSON; none is, by the specification.
func isJSON(kind string) bool {
	base, _, err := mime.ParseMediaType(kind)
	return kind == "" || err == nil && (base == "application/json" || base == "text/json" || strings.HasSuffix(base, "+json"))
}
