package extism

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// request is what the PDKs give to http_request; header is what old ones call headers.
type request struct {
	URL     string            `json:"url"`
	Method  string            `json:"method"`
	Headers map[string]string `json:"headers"`
	Header  map[string]string `json:"header"`
}

// ParseRequest reads the two blocks of an http_request.
func ParseRequest(meta, body []byte) (abi.HTTPRequest, error) {
	var r request
	if err := json.Unmarshal(meta, &r); err != nil {
		return abi.HTTPRequest{}, err
	}
	if r.URL == "" {
		return abi.HTTPRequest{}, errors.New("it names no url")
	}
	out := abi.HTTPRequest{URL: r.URL, Method: r.Method, Headers: r.Headers}
	if out.Method == "" {
		out.Method = "GET"
	}
	if len(out.Headers) == 0 {
		out.Headers = r.Header
	}
	out.Body, out.BodyBase64 = split(body)
	return out, nil
}

// split is bytes as a text of JSON, or in base64 where they are none.
func split(b []byte) (text, base64Text string) {
	if utf8.Valid(b) {
		return string(b), ""
	}
	return "", base64.StdEncoding.EncodeToString(b)
}

// Body is the bytes of a response.
func Body(r abi.HTTPResponse) ([]byte, error) {
	if r.BodyBase64 != "" {
		return base64.StdEncoding.DecodeString(r.BodyBase64)
	}
	return []byte(r.Body), nil
}

// Input is what a plugin finds as its input: a text as its bytes, any other value as JSON.
func Input(v []byte) []byte {
	if text, ok := event.Value(v).Text(); ok {
		return []byte(text)
	}
	return v
}

// Setting is what config_get finds of a target's config: a text, or else a value's JSON.
func Setting(config []byte, name string) (value []byte, ok bool) {
	v := event.Value(config).Get(name)
	if v == nil {
		return nil, false
	}
	return Input(v), true
}

// binary is a var in a key-value space that is no text.
type binary struct {
	Base64 *string `json:"base64"`
}

// EncodeVar is a var as the JSON that a key-value space keeps: a text, or an object with
// its bytes in base64.
func EncodeVar(value []byte) []byte {
	text, encoded := split(value)
	if encoded == "" {
		return event.AppendString(nil, text)
	}
	return append(event.AppendString([]byte(`{"base64":`), encoded), '}')
}

// DecodeVar is the other way round. What something else wrote there comes as its JSON.
func DecodeVar(stored []byte) []byte {
	var b binary
	if event.Value(stored).Kind() == event.Object && json.Unmarshal(stored, &b) == nil && b.Base64 != nil {
		if value, err := base64.StdEncoding.DecodeString(*b.Base64); err == nil {
			return value
		}
	}
	return Input(stored)
}
