package awswire

import "fmt"

// Error is an error that an AWS client sees, before a protocol gives it its shape.
type Error struct {
	// Code is the exception's name; QueryCode the code that query protocols use where
	// it differs.
	Code, QueryCode string
	Message         string
	// Status is the HTTP status; 0 means 400.
	Status int
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// CodeOf is the code that a client of the service sees in the protocol that calls go out
// in: services that speak query have codes of their own.
func (e *Error) CodeOf(service string) string {
	if services[service].Protocol.IsForm() {
		return e.queryCode()
	}
	return e.Code
}

// queryCode is the code in query protocols.
func (e *Error) queryCode() string {
	if e.QueryCode != "" {
		return e.QueryCode
	}
	return e.Code
}

func (e *Error) status() int {
	if e.Status == 0 {
		return 400
	}
	return e.Status
}

// party says whose fault it is, in the words of the query protocols.
func (e *Error) party() string {
	if e.status() >= 500 {
		return "Receiver"
	}
	return "Sender"
}

// serialization is the error for bytes that are not the request's shape.
func serialization(format string, args ...any) *Error {
	return &Error{Code: "SerializationException", QueryCode: "MalformedInput", Message: fmt.Sprintf(format, args...)}
}
