// Package tracing carries the trace of an invocation, as X-Ray writes it, in contexts: from
// the host that was invoked to the requests that targets make because of it.
//
// It is in headers only, as the AWS SDKs have it, and not in events: an event is what its
// sender made of it, and must be the same event when it comes again.
package tracing

import (
	"context"
	"net/http"
)

// Header is the header that names a trace: "Root=1-…;Parent=…;Sampled=1".
const Header = "X-Amzn-Trace-Id"

type key struct{}

// With adds a trace to a context; "" adds none.
func With(ctx context.Context, trace string) context.Context {
	if trace == "" {
		return ctx
	}
	return context.WithValue(ctx, key{}, trace)
}

// Of is the trace in a context, "" if there is none.
func Of(ctx context.Context) string {
	trace, _ := ctx.Value(key{}).(string)
	return trace
}

// Set writes the trace in a context into the headers of a request that names none.
func Set(ctx context.Context, h http.Header) {
	if trace := Of(ctx); trace != "" && h.Get(Header) == "" {
		h.Set(Header, trace)
	}
}
