package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tocsin-engine/tocsin/ingest/awswire"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/cloudwatch"
	"github.com/tocsin-engine/tocsin/runtime/service/logs"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// Operations are the calls that an agent makes, for the table of an awsapi.Client.
func Operations() *service.Table {
	parameter := service.Op("ssm", "GetParameter", func(context.Context, service.Caller, *GetParameterRequest) (*GetParameterResponse, error) {
		return nil, errors.New("agent: a client has no parameters")
	})
	return service.NewTable(cloudwatch.New(cloudwatch.Config{}).Operations(), logs.New(logs.Config{}).Operations(), []service.Operation{parameter})
}

// GetParameterRequest asks Parameter Store for a configuration.
type GetParameterRequest struct {
	Name           string
	WithDecryption bool
}

// GetParameterResponse is its answer.
type GetParameterResponse struct {
	Parameter struct{ Name, Value string }
}

// Parameter reads a parameter of Parameter Store.
func Parameter(ctx context.Context, c Caller, region, name string) (string, error) {
	var answer GetParameterResponse
	if err := call(ctx, c, region, "ssm", "GetParameter", GetParameterRequest{Name: name, WithDecryption: true}, &answer); err != nil {
		return "", fmt.Errorf("parameter %s: %w", name, err)
	}
	return answer.Parameter.Value, nil
}

// callError is an answer that is an error.
type callError struct{ code, message string }

func (e *callError) Error() string { return e.code + ": " + e.message }

// refusedError is a call that will never be taken as it is.
type refusedError struct{ callError }

// wrongRequest are the codes that say that a request itself is wrong. Every other error
// passes, or a person can mend it: then what waits is worth keeping.
var wrongRequest = []string{
	"InvalidParameterValue", "InvalidParameterValueException", "InvalidParameterCombination", "InvalidParameterCombinationException",
	"MissingParameter", "MissingRequiredParameterException", "InvalidParameterException", "InvalidFormat", "InvalidFormatFault",
	"ValidationError", "ValidationException", "SerializationException", "MalformedQueryString", "RequestEntityTooLarge",
	"Request Entity Too Large", "UnknownParameter",
}

// call makes a call and reads its answer.
func call(ctx context.Context, c Caller, region, service, action string, request, answer any) error {
	response, errno := c.Call(ctx, abi.AWSRequest{Service: service, Region: region, Action: action, Params: awswire.EncodeJSON(request)})
	switch e := response.Error; {
	case errno != 0 && ctx.Err() != nil:
		return ctx.Err()
	case errno != 0:
		return fmt.Errorf("%s.%s: error %d", service, action, errno)
	case e == nil && answer == nil:
		return nil
	case e == nil:
		return awswire.DecodeJSON(response.Result, answer)
	case !e.Retry && slices.Contains(wrongRequest, e.Code):
		return &refusedError{callError{e.Code, e.Message}}
	default:
		return &callError{e.Code, e.Message}
	}
}

// isCode says whether an error is an answer with a code.
func isCode(err error, code string) bool {
	var e *callError
	var refusal *refusedError
	return errors.As(err, &e) && e.code == code || errors.As(err, &refusal) && refusal.code == code
}
