package otlp

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
)

// appendAWS writes the call of an AWS service, and where the span was made.
func (f *spanFields) appendAWS(o *object, from *origin) {
	a, r := f.attributes, from.resource
	o.within("aws", func() {
		if f.isAWS() {
			o.text("operation", a.text("rpc.method"))
		}
		o.text("account_id", r.text("cloud.account.id"))
		o.text("region", a.text("cloud.region", "aws.region"))
		o.text("request_id", a.text("aws.request_id", "aws.requestId"))
		o.text("queue_url", a.text("aws.sqs.queue.url", "aws.queue.url"))
		o.text("table_name", firstText(a.get("aws.dynamodb.table_names", "aws.table.name")))
		o.within("ec2", func() {
			if strings.HasSuffix(r.text("cloud.platform"), "_ec2") {
				o.text("instance_id", r.text("host.id"))
				o.text("availability_zone", r.text("cloud.availability_zone"))
			}
		})
		o.within("xray", func() {
			if sdk := r.text("telemetry.sdk.name"); sdk != "" {
				o.text("sdk", strings.TrimSuffix(sdk+" for "+r.text("telemetry.sdk.language"), " for "))
				o.text("sdk_version", r.text("telemetry.sdk.version"))
			}
		})
	})
}

// appendOutcome writes whose fault a failure is: an HTTP status says it; without one, a
// span with the status ERROR is a fault.
func (f *spanFields) appendOutcome(o *object) {
	var code uint64
	var text string
	for n, v := range f.status.fields(spanStatus) {
		switch n {
		case 2:
			text = v.text()
		case 3:
			code = v.n
		}
	}
	status := f.httpStatus()
	isError := status >= 400 && status < 500
	fault := status >= 500 && status < 600 || code == statusError && !isError
	o.yes("error", isError)
	o.yes("throttle", status == 429)
	o.yes("fault", fault)
	if isError || fault {
		f.appendCause(o, text)
	}
}

// appendCause writes the exceptions that the span recorded, or what its status says.
func (f *spanFields) appendCause(o *object, status string) {
	o.within("cause", func() {
		at := len(o.b)
		o.name("exceptions")
		o.b = append(o.b, '[')
		first := len(o.b)
		for i, m := range f.events {
			if e := readEvent(m); e.name == "exception" {
				f.appendException(o, i, e.attributes.text("exception.type"), e.attributes.text("exception.message"))
			}
		}
		if len(o.b) == first && status != "" {
			f.appendException(o, len(f.events), "", status)
		}
		if len(o.b) == first {
			o.b = o.b[:at]
			return
		}
		o.b = append(o.b, ']')
	})
}

// appendException writes one. Its id must be unique in the trace, and the same whenever
// the span is sent again.
func (f *spanFields) appendException(o *object, i int, kind, text string) {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %s %d", f.trace, f.id, i)
	o.open("")
	o.text("id", fmt.Sprintf("%016x", h.Sum64()))
	o.text("type", kind)
	o.text("message", text)
	o.b = append(o.b, '}')
}

// eventFields are what an event of a span says.
type eventFields struct {
	time       uint64
	name       string
	attributes attributes
}

func readEvent(m message) (e eventFields) {
	for n, v := range m.fields(spanEvent) {
		switch n {
		case 1:
			e.time = v.n
		case 2:
			e.name = v.text()
		case 3:
			e.attributes.add(v.bytes)
		}
	}
	return e
}

// annotationList is the attribute that names those to be annotations, as in AWS's
// distribution of OpenTelemetry.
const annotationList = "aws.xray.annotations"

// maxAnnotations is how many X-Ray finds a trace by.
const maxAnnotations = 50

// appendAnnotations writes the attributes that the span wants to be found by. Only text,
// numbers and booleans can be annotations.
func (f *spanFields) appendAnnotations(o *object) {
	var wanted []string
	if number, v := f.attributes.get(annotationList).chosen(); number == anyArray {
		for _, item := range message(v.bytes).fields(arrayValue) {
			if wanted = append(wanted, anyText(item.bytes)); len(wanted) == maxAnnotations {
				break
			}
		}
	}
	o.within("annotations", func() {
		var names []string
		for _, kv := range f.attributes.unique() {
			number, _ := kv.value.chosen()
			if !slices.Contains(wanted, string(kv.key)) || number == 0 || number > anyDouble {
				continue
			}
			name := annotationName(string(kv.key))
			if slices.Contains(names, name) {
				continue
			}
			names = append(names, name)
			o.name(name)
			o.b = appendAny(o.b, kv.value)
		}
	})
}

// annotationName is a key as X-Ray takes it: letters, digits and "_".
func annotationName(key string) string {
	return keep(key, 500, '_', func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_'
	})
}

// appendMetadata writes everything that the span says: its attributes under "default",
// the rest under "otel".
func (f *spanFields) appendMetadata(o *object, from *origin) {
	o.within("metadata", func() {
		o.attributes("default", f.attributes)
		o.within("otel", func() {
			o.text("name", f.name)
			if kinds := [...]string{"", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"}; f.kind < uint64(len(kinds)) {
				o.text("kind", kinds[f.kind])
			}
			o.text("trace_state", f.state)
			o.raw("scope", from.scopeJS)
			o.raw("resource", from.resourceJS)
			f.appendEvents(o)
		})
	})
}

func (f *spanFields) appendEvents(o *object) {
	if len(f.events) == 0 {
		return
	}
	o.name("events")
	o.b = append(o.b, '[')
	for _, m := range f.events {
		e := readEvent(m)
		o.open("")
		o.text("name", e.name)
		o.raw("time", seconds(e.time))
		o.attributes("attributes", e.attributes)
		o.b = append(o.b, '}')
	}
	o.b = append(o.b, ']')
}

// appendLinks writes the spans of elsewhere that the span names; a link without sound
// ids says nothing.
func (f *spanFields) appendLinks(o *object) {
	at := len(o.b)
	o.name("links")
	o.b = append(o.b, '[')
	first := len(o.b)
	for _, m := range f.links {
		var trace, id []byte
		var own attributes
		for n, v := range m.fields(spanLink) {
			switch n {
			case 1:
				trace = v.bytes
			case 2:
				id = v.bytes
			case 4:
				own.add(v.bytes)
			}
		}
		t, err := traceID(trace)
		s, err2 := spanID(id)
		if err != nil || err2 != nil || t == "" || s == "" {
			continue
		}
		o.open("")
		o.text("trace_id", t)
		o.text("id", s)
		o.attributes("attributes", own)
		o.b = append(o.b, '}')
	}
	if len(o.b) == first {
		o.b = o.b[:at]
		return
	}
	o.b = append(o.b, ']')
}
