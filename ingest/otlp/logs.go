package otlp

import (
	"cmp"
	"iter"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/logs"
)

// Records yields the log records of a request, or why one is refused.
//
// The group is Options.Group, else the resource's first aws.log.group.names, else its
// service; the stream Options.Stream, the first aws.log.stream.names,
// service.instance.id, host.name, or "default". Characters that CloudWatch Logs does
// not take become "_".
func (r Request) Records(o Options) iter.Seq2[logs.Record, error] {
	return func(yield func(logs.Record, error) bool) {
		r.each(func(from *origin, m message) bool {
			return yield(record(from, m, o))
		})
	}
}

// logFields are what a LogRecord says.
type logFields struct {
	time, observed     uint64
	severity           uint64
	severityText, name string
	body               message
	hasBody            bool
	attributes         attributes
	trace, span        []byte
}

func readLog(m message) (f logFields) {
	for n, v := range m.fields(logRecord) {
		switch n {
		case 1:
			f.time = v.n
		case 2:
			f.severity = v.n
		case 3:
			f.severityText = v.text()
		case 5:
			f.body, f.hasBody = merge(f.body, v.bytes), true
		case 6:
			f.attributes.add(v.bytes)
		case 9:
			f.trace = v.bytes
		case 10:
			f.span = v.bytes
		case 11:
			f.observed = v.n
		case 12:
			f.name = v.text()
		}
	}
	return f
}

func record(from *origin, m message, o Options) (logs.Record, error) {
	f := readLog(m)
	at, err := nanos(cmp.Or(f.time, f.observed))
	if err != nil {
		return logs.Record{}, err
	}
	return logs.Record{
		Group: logGroup(from, o), Stream: logStream(from, o), Time: at.Truncate(time.Millisecond),
		Message: f.message(), Attributes: f.beside(from),
	}, nil
}

// message is the body: text as it is, everything else as JSON. An event without a body
// is its name, and one without a name its attributes.
func (f *logFields) message() string {
	text := anyText(f.body)
	if f.hasBody && text != "" {
		return text
	}
	if f.name != "" {
		return f.name
	}
	return string(f.attributes.appendJSON(nil))
}

// beside is what the record says beside its message. An id that is none says nothing, as
// the protocol wants it.
func (f *logFields) beside(from *origin) []byte {
	trace, _ := traceID(f.trace)
	span, _ := spanID(f.span)
	js := object{[]byte{'{'}}
	js.text("severity", f.level())
	js.integer("severity_number", int64(f.severity))
	js.text("severity_text", f.severityText)
	js.text("event_name", f.name)
	js.text("trace_id", trace)
	js.text("span_id", span)
	js.attributes("attributes", f.attributes)
	js.raw("scope", from.scopeJS)
	js.raw("resource", from.resourceJS)
	return append(js.b, '}')
}

// level is the severity by its number's name, as every client has it; the text of a
// record without a number.
func (f *logFields) level() string {
	if f.severity < 1 || f.severity > 24 {
		return strings.ToUpper(f.severityText)
	}
	return [...]string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}[(f.severity-1)/4]
}

func logGroup(from *origin, o Options) string {
	name := cmp.Or(o.Group, firstText(from.resource.get("aws.log.group.names")), from.service())
	return keep(name, logs.MaxName, '_', func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(".-_/#", r)
	})
}

func logStream(from *origin, o Options) string {
	name := cmp.Or(o.Stream, firstText(from.resource.get("aws.log.stream.names")), from.resource.text("service.instance.id"), from.resource.text("host.name"), "default")
	return keep(name, logs.MaxName, '_', func(r rune) bool { return r != ':' && r != '*' })
}
