package doors

import (
	"context"
	"fmt"
	"mime"
	"net/http"

	"github.com/tocsin-engine/tocsin/ingest/otlp"
)

// The bounds of an export request.
const (
	// maxExport is twice what X-Ray's own OTLP endpoint takes.
	maxExport = 10 << 20
	// maxExported bounds the bytes of all events that one request becomes, because each
	// record's event repeats the resource; maxEvent those of one.
	maxExported = 256 << 20
	maxEvent    = 1 << 20
)

// OTLP takes export requests of OTLP/HTTP, under the paths that exporters and AWS's own
// OTLP endpoints share.
type OTLP struct {
	c Config
	// dimensions are the resource attributes that become dimensions.
	dimensions []string
	totals     *totals
	// most bounds the bytes of the events of one request: maxExported.
	most int
	*counters
}

var _ HTTP = (*OTLP)(nil)

// The counts of an OTLP door, three of each: logs, metrics, traces.
const (
	otlpTaken = 3 * iota
	otlpRefused
	otlpFailed
	otlpSkipped // of metrics only: the point says nothing new
)

// NewOTLP makes the door. Dimensions are the resource attributes that become dimensions
// of metrics.
func NewOTLP(c Config, dimensions []string) *OTLP {
	return &OTLP{c: c, dimensions: dimensions, totals: newTotals(c.Now()), most: maxExported, counters: newCounters(
		"logs_taken", "metrics_taken", "traces_taken", "logs_refused", "metrics_refused", "traces_refused",
		"logs_requests_failed", "metrics_requests_failed", "traces_requests_failed", "metrics_without_news",
	)}
}

// signals are by their paths.
var signals = map[string]otlp.Signal{"/v1/logs": otlp.Logs, "/v1/metrics": otlp.Metrics, "/v1/traces": otlp.Traces}

// Routes are the three paths.
func (o *OTLP) Routes() []Route {
	return []Route{
		{Path: "/v1/logs", Service: "logs", MaxBody: maxExport},
		{Path: "/v1/metrics", Service: "monitoring", MaxBody: maxExport},
		{Path: "/v1/traces", Service: "xray", MaxBody: maxExport},
	}
}

// Take answers an export request. Records that are refused are told in a partial
// success; they take none of the others with them.
func (o *OTLP) Take(ctx context.Context, r *Request) (*Response, error) {
	encoding, ok := encodingOf(r.Header)
	if !ok {
		return nil, &Error{Status: http.StatusUnsupportedMediaType, Code: "unsupported_media_type",
			Message: fmt.Sprintf("the Content-Type is %q; send application/x-protobuf or application/json", r.Header.Get("Content-Type"))}
	}
	request, err := otlp.Parse(r.Body, signals[r.Path], encoding)
	if err != nil {
		return nil, badRequest(err.Error())
	}
	x := &export{o: o, signal: signals[r.Path], feed: feed{engine: o.c.Engine}}
	err = x.run(ctx, request, otlp.Options{
		Dimensions: o.dimensions, Group: r.Header.Get("x-aws-log-group"), Stream: r.Header.Get("x-aws-log-stream"),
	})
	if err != nil {
		x.undo()
		return nil, err
	}
	o.add(otlpTaken+int(x.signal), x.taken)
	o.add(otlpRefused+int(x.signal), x.refused)
	o.add(otlpSkipped, x.skipped)
	return response(http.StatusOK, encoding.ContentType(), otlp.Answer(encoding, x.signal, x.refused, x.why())), nil
}

func encodingOf(h http.Header) (otlp.Encoding, bool) {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	switch {
	case err == nil && kind == "application/x-protobuf":
		return otlp.Protobuf, true
	case err == nil && kind == "application/json":
		return otlp.JSON, true
	}
	return otlp.JSON, false
}

// codes are google.rpc's names of HTTP statuses.
var codes = map[int]otlp.Code{
	http.StatusUnauthorized: otlp.Unauthenticated, http.StatusForbidden: otlp.PermissionDenied, http.StatusTooManyRequests: otlp.ResourceExhausted,
	http.StatusMethodNotAllowed: otlp.Unimplemented, http.StatusServiceUnavailable: otlp.Unavailable, http.StatusInternalServerError: otlp.Internal,
}

// Refuse writes a google.rpc.Status in the request's encoding.
func (o *OTLP) Refuse(r *Request, e *Error) *Response {
	o.add(otlpFailed+int(signals[r.Path]), 1)
	code, ok := codes[e.Status]
	if !ok {
		code = otlp.InvalidArgument
	}
	encoding, _ := encodingOf(r.Header)
	return response(e.Status, encoding.ContentType(), otlp.Status(encoding, code, e.Message))
}
