package cloudevents

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// binary reads an event whose attributes are headers.
func binary(h http.Header, kind string, body []byte) (*attributes, error) {
	a := &attributes{detail: []byte("{}")}
	for _, header := range slices.Sorted(maps.Keys(h)) {
		name, ok := strings.CutPrefix(strings.ToLower(header), "ce-")
		if !ok {
			continue
		}
		if name == "datacontenttype" {
			return nil, errors.New("the header ce-datacontenttype is Content-Type in the binary mode")
		}
		text, err := headerText(h.Get(header))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", strings.ToLower(header), err)
		}
		if err := a.set(name, text, event.AppendString(nil, text)); err != nil {
			return nil, err
		}
	}
	a.contentType = h.Get("Content-Type")
	return a, a.payload(kind, body)
}

// headerText undoes what the HTTP binding does to a value: quotes, and percent signs
// before the bytes of UTF-8.
func headerText(s string) (string, error) {
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		var b []byte
		for i := 1; i < len(s)-1; i++ {
			if s[i] == '\\' && i+1 < len(s)-1 {
				i++
			}
			b = append(b, s[i])
		}
		s = string(b)
	}
	text, err := url.PathUnescape(s)
	if err != nil || strings.ToValidUTF8(text, "") != text {
		return "", errors.New("write bytes beyond ASCII as %XX of their UTF-8, and % itself as %25")
	}
	return text, nil
}
