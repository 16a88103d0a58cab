package sqs

import (
	"fmt"

	"github.com/tocsin-engine/tocsin/runtime/service"
)

// Texts follow the service's answers, word for word where a client is known to match
// on them.
var (
	errNoQueue = &service.Error{
		Code: "QueueDoesNotExist", QueryCode: "AWS.SimpleQueueService.NonExistentQueue",
		Message: "The specified queue does not exist.",
	}
	errHandle = &service.Error{
		Code: "ReceiptHandleIsInvalid", Message: "The input receipt handle is invalid.",
	}
	errContents = &service.Error{
		Code: "InvalidMessageContents", Message: "Invalid characters found.",
	}
	errNotInFlight = &service.Error{
		Code: "MessageNotInflight", QueryCode: "AWS.SimpleQueueService.MessageNotInflight",
		Message: "The message referred to isn't in flight.",
	}
)

func simple(code, format string, args ...any) *service.Error {
	return &service.Error{
		Code: code, QueryCode: "AWS.SimpleQueueService." + code,
		Message: fmt.Sprintf(format, args...),
	}
}

func missing(parameter string) *service.Error {
	return &service.Error{
		Code: "MissingRequiredParameterException", QueryCode: "MissingParameter",
		Message: "The request must contain the parameter " + parameter + ".",
	}
}

func invalid(format string, args ...any) *service.Error {
	return &service.Error{
		Code: "InvalidParameterValueException", QueryCode: "InvalidParameterValue",
		Message: fmt.Sprintf(format, args...),
	}
}

func invalidValue(value any, parameter, reason string) *service.Error {
	return invalid("Value %v for parameter %s is invalid. Reason: %s", value, parameter, reason)
}
