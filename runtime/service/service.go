// Package service is what the AWS services that Tocsin stands in for have in common:
// an operation is a typed request, a handler and a typed response. The same operation
// answers AWS clients over HTTP (runtime/awsapi) and the `aws` calls of targets in
// `mode: local` (runtime/engine), and its types shape the signed calls of `mode: aws`.
//
// One package a service lies below: events, cloudwatch, logs, xray, sqs, sns, kinesis,
// autoscaling, ec2.
package service

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
)

// Caller is who calls and how.
type Caller struct {
	// AccessKey is the caller's access key id; "" for an anonymous caller on loopback
	// and for a target's call in process.
	AccessKey string
	// Account and Region are those that answers speak for.
	Account, Region string
	// RequestID names the call in answers and logs.
	RequestID string
	// InvocationID is the SDK's amz-sdk-invocation-id, the same over its retries; ""
	// when the client sent none.
	InvocationID string
	// Header has the request's headers; nil for a call in process.
	Header http.Header
	// Endpoint is the URL the client used, without a path: "http://127.0.0.1:7575".
	Endpoint string
	// Create makes a queue, topic, stream, group or instance that the request names and
	// that is not there. Targets in mode local call like that, clients never.
	Create bool
}

// ARN names a resource of the caller's account: ARN("sqs", "orders").
func (c Caller) ARN(service, resource string) string {
	return "arn:aws:" + service + ":" + c.Region + ":" + c.Account + ":" + resource
}

// Key makes what the item i of a call puts idempotent: an SDK sends the same invocation id
// with every retry. Without one there is no such check, for equal items are legitimate.
func (c Caller) Key(operation string, i int) string {
	if c.InvocationID == "" {
		return ""
	}
	return operation + "/" + c.AccessKey + "/" + c.InvocationID + "/" + strconv.Itoa(i)
}

// Empty is the response of operations that answer nothing.
type Empty struct{}

// Operation is one call of one service. Make it with Op.
type Operation struct {
	// Service is the signing name ("sqs"), Name the operation's ("SendMessage").
	Service, Name string
	// Path is, for a service that speaks rest-json, the method and the path, labels in
	// braces: "GET /v1/registries/name/{RegistryName}". "" for every other service.
	Path string
	// New returns a pointer to a zero request, for the wire format to fill; NewResponse
	// one to a zero response, for the answer of a call that went out to AWS.
	New, NewResponse func() any
	// MaxBody caps the request's body in bytes, counted after decompression; at least
	// twice what the service allows. 0 means DefaultMaxBody.
	MaxBody int64
	// Handle answers. The request is what New returned. Errors that a client may see
	// are *Error; every other error becomes an internal failure with the request id.
	Handle func(ctx context.Context, c Caller, request any) (response any, err error)
}

// DefaultMaxBody is the cap of a request's body where the operation names none: four
// times the largest message of SQS and SNS, because an encoding may triple it.
const DefaultMaxBody = 4 << 20

// Op makes an operation from a typed handler.
func Op[Request, Response any](service, name string, handle func(context.Context, Caller, *Request) (*Response, error)) Operation {
	return Operation{
		Service: service, Name: name,
		New:         func() any { return new(Request) },
		NewResponse: func() any { return new(Response) },
		Handle: func(ctx context.Context, c Caller, request any) (any, error) {
			return handle(ctx, c, request.(*Request))
		},
	}
}

// Error is an error in AWS's shape: a client sees its code and message.
type Error struct {
	// Code is the exception's name in the service's model: "ResourceNotFoundException".
	Code string
	// QueryCode is the code that query protocols and x-amzn-query-error use where it
	// differs from Code: "AWS.SimpleQueueService.NonExistentQueue". "" means Code.
	QueryCode string
	Message   string
	// Status is the HTTP status; 0 means 400.
	Status int
	// Retry says that the same call may succeed later.
	Retry bool
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf makes an Error with status 400.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Table finds operations by service and name.
type Table struct {
	ops map[[2]string]Operation
	// largest is the greatest body cap of each service.
	largest map[string]int64
	paths   []pathOf
}

// NewTable makes a table of all given operations. Two with one name are a bug.
func NewTable(groups ...[]Operation) *Table {
	t := &Table{ops: map[[2]string]Operation{}, largest: map[string]int64{}}
	for _, ops := range groups {
		for _, op := range ops {
			key := [2]string{op.Service, op.Name}
			if _, twice := t.ops[key]; twice {
				panic("BUG: two operations are called " + op.Service + "." + op.Name)
			}
			if op.MaxBody == 0 {
				op.MaxBody = DefaultMaxBody
			}
			t.ops[key] = op
			t.largest[op.Service] = max(t.largest[op.Service], op.MaxBody)
			if op.Path != "" {
				t.paths = append(t.paths, newPath(op))
			}
		}
	}
	return t
}

// Find returns the operation, if it is there.
func (t *Table) Find(service, name string) (Operation, bool) {
	op, ok := t.ops[[2]string{service, name}]
	return op, ok
}

// MaxBody is the cap of a request's body: the operation's, or the service's largest
// while the operation is not known yet (a form names it in the body).
func (t *Table) MaxBody(service, name string) int64 {
	if op, ok := t.Find(service, name); ok {
		return op.MaxBody
	}
	return max(t.largest[service], DefaultMaxBody)
}
