package awswire

import (
	"bytes"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Outgoing is a request to AWS before it is signed; it is a POST to "/".
type Outgoing struct {
	Header http.Header
	Body   []byte
}

// EncodeRequest writes the call of an operation, in a struct that request points to,
// in the service's protocol.
func EncodeRequest(service, operation string, request any) (Outgoing, error) {
	s, ok := services[service]
	if !ok {
		return Outgoing{}, fmt.Errorf("awswire: how to call %q is not known; known are %s", service, strings.Join(serviceNames(), ", "))
	}
	if s.Protocol.IsForm() {
		h := http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}
		return Outgoing{Header: h, Body: EncodeForm(operation, s.Version, request, s.Protocol == EC2Query)}, nil
	}
	h := http.Header{
		"Content-Type": {mediaType(s.Protocol)},
		"X-Amz-Target": {s.Prefixes[0] + "." + operation},
	}
	return Outgoing{Header: h, Body: EncodeJSON(request)}, nil
}

// DecodeResponse reads AWS's answer to a call that EncodeRequest wrote. An answer that
// is an error is returned as an *Error.
func DecodeResponse(service, operation string, a Answer, response any) error {
	s := services[service]
	switch {
	case a.Status >= 300:
		return decodeError(s.Protocol, a)
	case !s.Protocol.IsForm():
		return DecodeJSON(a.Body, response)
	}
	root, err := parseXML(a.Body)
	if err != nil {
		return err
	}
	if s.Protocol == Query {
		root = root.child(operation + "Result")
	}
	if root == nil {
		return nil
	}
	return xmlReader{ec2: s.Protocol == EC2Query}.object(root, settle(reflect.ValueOf(response)), "")
}

// decodeError makes an *Error of any answer, however unlike AWS's.
func decodeError(p Protocol, a Answer) *Error {
	e := &Error{Status: a.Status}
	if p.IsForm() {
		if root, err := parseXML(a.Body); err == nil {
			if errs := root.child("Errors"); errs != nil {
				root = errs
			}
			e.Code, e.Message = root.child("Error").content("Code"), root.child("Error").content("Message")
		}
	} else if event.Check(a.Body) == nil {
		v := event.Value(bytes.TrimSpace(a.Body))
		e.Code = errorCode(orElse(firstText(v, "__type", "code"), a.Header.Get("X-Amzn-Errortype")))
		e.Message = firstText(v, "message", "Message")
	}
	if e.Code == "" {
		e.Code = http.StatusText(a.Status)
	}
	return e
}

// errorCode cuts "com.amazonaws.sqs#QueueDoesNotExist:http://…" down to its name.
func errorCode(s string) string {
	s = s[strings.LastIndexByte(s, '#')+1:]
	s, _, _ = strings.Cut(s, ":")
	return s
}

func firstText(v event.Value, names ...string) string {
	for _, name := range names {
		if s, ok := v.Get(name).Text(); ok {
			return s
		}
	}
	return ""
}
