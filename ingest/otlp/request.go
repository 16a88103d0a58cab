package otlp

import (
	"bytes"
	"fmt"
	"math"
	"time"
	"unicode/utf8"
)

// Encoding is how a request is written; its answer is written likewise.
type Encoding uint8

// The two encodings of OTLP/HTTP.
const (
	Protobuf Encoding = iota
	JSON
)

// Signal is what a request exports.
type Signal uint8

// The signals.
const (
	Logs Signal = iota
	Metrics
	Traces
)

// String is the signal's name, as it stands in its path: "logs".
func (s Signal) String() string { return [...]string{"logs", "metrics", "traces"}[s] }

// Request is one checked export request.
type Request struct {
	signal Signal
	body   message
}

// Parse checks a request. The error says what to write instead.
func Parse(body []byte, s Signal, e Encoding) (Request, error) {
	id := levels[s][0]
	m := message(body)
	if e == JSON {
		var err error
		if m, err = fromJSON(body, id); err != nil {
			return Request{}, fmt.Errorf("the body is not OTLP's JSON of %s: %w", s, err)
		}
	}
	if err := check(m, id, 0); err != nil {
		return Request{}, fmt.Errorf("the body is not OTLP's protobuf of %s: %w", s, err)
	}
	return Request{s, m}, nil
}

// Options are what a request does not say by itself.
type Options struct {
	// Dimensions are the resource attributes that become dimensions of a metric beside
	// the data point's own attributes.
	Dimensions []string
	// Group and Stream are the log group and stream that the client named beside the
	// request; "" takes them from the resource.
	Group, Stream string
}

// origin is who sent a group of records: a resource and a scope of it.
type origin struct {
	resource   attributes
	resourceJS []byte // as JSON, written once for all its records
	scopeName  string
	scopeJS    []byte
}

// levels are the messages of the three levels of each signal's requests, which are built
// alike: a list of resources, of scopes in each, of records in each of those.
var levels = [...][3]messageID{
	Logs:    {logsRequest, resourceLogs, scopeLogs},
	Metrics: {metricsRequest, resourceMetrics, scopeMetrics},
	Traces:  {tracesRequest, resourceSpans, scopeSpans},
}

// each yields the records of a request, each with its origin.
func (r Request) each(yield func(*origin, message) bool) {
	request, perResource, perScope := levels[r.signal][0], levels[r.signal][1], levels[r.signal][2]
	for _, group := range r.body.fields(request) {
		var from origin
		from.readResource(message(group.bytes).merged(perResource, 1))
		for n, inner := range message(group.bytes).fields(perResource) {
			if n != 2 {
				continue
			}
			from.readScope(message(inner.bytes).merged(perScope, 1))
			for n, record := range message(inner.bytes).fields(perScope) {
				if n == 2 && !yield(&from, record.bytes) {
					return
				}
			}
		}
	}
}

// merged is a message field, wherever and how often it stands.
func (m message) merged(id messageID, number int) message {
	var all message
	for n, v := range m.fields(id) {
		if int(n) == number {
			all = merge(all, v.bytes)
		}
	}
	return all
}

func (o *origin) readResource(m message) {
	for _, v := range m.fields(resource) {
		o.resource.add(v.bytes)
	}
	o.resourceJS = o.resource.appendJSON(nil)
}

func (o *origin) readScope(m message) {
	var name, version string
	var own attributes
	for n, v := range m.fields(scope) {
		switch n {
		case 1:
			name = v.text()
		case 2:
			version = v.text()
		case 3:
			own.add(v.bytes)
		}
	}
	js := object{[]byte{'{'}}
	js.text("name", name)
	js.text("version", version)
	js.attributes("attributes", own)
	o.scopeName, o.scopeJS = name, append(js.b, '}')
}

// unknownService is what OpenTelemetry calls a service without a name.
const unknownService = "unknown_service"

// service names who sent: NAMESPACE/NAME or NAME. It is the namespace of its metrics
// and the group of its logs.
func (o *origin) service() string {
	name := o.resource.text("service.name")
	if name == "" {
		name = unknownService
	}
	if namespace := o.resource.text("service.namespace"); namespace != "" {
		return namespace + "/" + name
	}
	return name
}

// nanos is a time of the protocol; 0 is none.
func nanos(n uint64) (time.Time, error) {
	switch {
	case n == 0:
		return time.Time{}, nil
	case n > math.MaxInt64:
		return time.Time{}, fmt.Errorf("the time %d is no number of nanoseconds since 1970", n)
	}
	return time.Unix(0, int64(n)).UTC(), nil
}

// keep replaces each character that is not allowed, and cuts the text.
func keep(s string, most int, replacement rune, allowed func(rune) bool) string {
	b := make([]byte, 0, min(len(s), 4*most))
	for _, r := range s {
		if most--; most < 0 {
			break
		}
		switch {
		case allowed(r):
			b = utf8.AppendRune(b, r)
		case replacement >= 0:
			b = utf8.AppendRune(b, replacement)
		}
	}
	return string(b)
}

// traceID writes a trace's id as X-Ray does: 1-8HEX-24HEX; "" for none.
func traceID(b []byte) (string, error) {
	switch {
	case isZero(b):
		return "", nil
	case len(b) != 16:
		return "", fmt.Errorf("a trace id has 16 bytes, not %d", len(b))
	}
	return fmt.Sprintf("1-%x-%x", b[:4], b[4:]), nil
}

// spanID writes a span's id; "" for none.
func spanID(b []byte) (string, error) {
	switch {
	case isZero(b):
		return "", nil
	case len(b) != 8:
		return "", fmt.Errorf("a span id has 8 bytes, not %d", len(b))
	}
	return fmt.Sprintf("%x", b), nil
}

// isZero says whether an id is not there: OTLP takes zeroes for none.
func isZero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

// Len is how many log records, data points or spans the request has.
func (r Request) Len() int {
	n := 0
	r.each(func(_ *origin, m message) bool {
		if r.signal != Metrics {
			n++
			return true
		}
		f := readMetric(&origin{}, m, Options{})
		for number := range f.data.fields(f.kind) {
			if number == 1 {
				n++
			}
		}
		return true
	})
	return n
}
