package lambdahost

// PayloadError is a payload that is not understood. Lambda shows the name of an error's type
// as its errorType, beside the text.
type PayloadError struct{ error }

// Unwrap returns what is not understood.
func (e *PayloadError) Unwrap() error { return e.error }

// DeliveryError is what failed of an invocation whose sender knows no part of it: Lambda
// invokes again with all.
type DeliveryError struct{ error }

// Unwrap returns what failed.
func (e *DeliveryError) Unwrap() error { return e.error }
