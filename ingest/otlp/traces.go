package otlp

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"unicode"
)

// Segments yields each span of a request as X-Ray's segment document, or why one is
// refused. The documents are for traces.Parse, which checks what X-Ray checks.
//
// A span begins a segment if it has no parent, or its kind is SERVER or CONSUMER, or its
// flags say that its parent is in another process; every other span is a subsegment that
// is sent by itself.
func (r Request) Segments() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		r.each(func(from *origin, m message) bool {
			f, err := readSpan(m)
			if err != nil {
				return yield(nil, err)
			}
			return yield(f.document(from), nil)
		})
	}
}

// The kinds of spans, and the code of a status that failed.
const (
	spanInternal = 1 + iota
	spanServer
	spanClient
	spanProducer
	spanConsumer

	statusError = 2
)

// Flags of a span: whether it is said where its parent is, and that it is elsewhere.
const (
	hasIsRemote = 0x100
	isRemote    = 0x200
)

// spanFields are what a Span says.
type spanFields struct {
	trace, id, parent string
	state, name       string
	kind, flags       uint64
	start, end        uint64
	attributes        attributes
	events, links     []message
	status            message
}

func readSpan(m message) (*spanFields, error) {
	f := &spanFields{}
	var trace, id, parent []byte
	for n, v := range m.fields(span) {
		switch n {
		case 1:
			trace = v.bytes
		case 2:
			id = v.bytes
		case 3:
			f.state = v.text()
		case 4:
			parent = v.bytes
		case 5:
			f.name = v.text()
		case 6:
			f.kind = v.n
		case 7:
			f.start = v.n
		case 8:
			f.end = v.n
		case 9:
			f.attributes.add(v.bytes)
		case 11:
			f.events = append(f.events, v.bytes)
		case 13:
			f.links = append(f.links, v.bytes)
		case 15:
			f.status = merge(f.status, v.bytes)
		case 16:
			f.flags = v.n
		}
	}
	return f, f.identify(trace, id, parent)
}

// identify reads the ids and the times.
func (f *spanFields) identify(trace, id, parent []byte) (err error) {
	if f.trace, err = traceID(trace); err != nil {
		return err
	}
	if f.id, err = spanID(id); err != nil {
		return err
	}
	if f.parent, err = spanID(parent); err != nil {
		return err
	}
	if f.trace == "" || f.id == "" {
		return fmt.Errorf("span %q: a span has a traceId and a spanId that are not zero", f.name)
	}
	if f.start == 0 {
		return fmt.Errorf("span %q: it has no startTimeUnixNano", f.name)
	}
	_, startErr := nanos(f.start)
	_, endErr := nanos(f.end)
	return errors.Join(startErr, endErr)
}

func (f *spanFields) isSegment() bool {
	return f.parent == "" || f.kind == spanServer || f.kind == spanConsumer || f.flags&(hasIsRemote|isRemote) == hasIsRemote|isRemote
}

// document writes the segment document.
func (f *spanFields) document(from *origin) []byte {
	o := &object{append(make([]byte, 0, 1024), '{')}
	segment := f.isSegment()
	o.text("name", f.segmentName(from, segment))
	o.text("id", f.id)
	o.text("trace_id", f.trace)
	o.text("parent_id", f.parent)
	o.raw("start_time", seconds(f.start))
	if f.end == 0 {
		o.yes("in_progress", true)
	} else {
		o.raw("end_time", seconds(f.end))
	}
	if segment {
		o.text("origin", origins[from.resource.text("cloud.platform")])
		o.within("service", func() { o.text("version", from.resource.text("service.version")) })
	} else {
		o.text("type", "subsegment")
		o.text("namespace", f.namespace())
	}
	o.text("user", f.attributes.text("user.id", "enduser.id"))
	f.appendHTTP(o)
	f.appendSQL(o)
	f.appendAWS(o, from)
	f.appendOutcome(o)
	f.appendAnnotations(o)
	f.appendMetadata(o, from)
	f.appendLinks(o)
	return append(o.b, '}')
}

// origins are X-Ray's names of where a service runs.
var origins = map[string]string{
	"aws_ec2": "AWS::EC2::Instance", "aws_ecs": "AWS::ECS::Container", "aws_eks": "AWS::EKS::Container", "aws_lambda": "AWS::Lambda::Function",
	"aws_elastic_beanstalk": "AWS::ElasticBeanstalk::Environment", "aws_app_runner": "AWS::AppRunner::Service",
}

// seconds is a time in seconds, no digit lost.
func seconds(n uint64) []byte {
	text := fmt.Sprintf("%d.%09d", n/1e9, n%1e9)
	return []byte(strings.TrimSuffix(strings.TrimRight(text, "0"), "."))
}

// segmentName is what the node of the service map is called: the service for a segment,
// what was called for a call, and the span's own name for everything else.
func (f *spanFields) segmentName(from *origin, segment bool) string {
	name := f.name
	switch {
	case segment:
		name = cmp.Or(from.resource.text("service.name"), f.name)
	case f.kind == spanClient || f.kind == spanProducer:
		name = f.called()
	}
	name = keep(name, 200, -1, func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsSpace(r) || strings.ContainsRune(`_.:/%&#=+\-@`, r)
	})
	return cmp.Or(strings.TrimSpace(name), "span")
}

// called names the other side of a call.
func (f *spanFields) called() string {
	a := f.attributes
	if name := a.text("peer.service"); name != "" {
		return name
	}
	if f.isAWS() {
		return cmp.Or(a.text("rpc.service"), f.name)
	}
	host := a.text("server.address", "net.peer.name", "http.host")
	if db := a.text("db.namespace", "db.name"); db != "" {
		if host != "" {
			return db + "@" + host
		}
		return db
	}
	return cmp.Or(a.text("messaging.destination.name"), host, a.text("rpc.service"), f.name)
}

func (f *spanFields) isAWS() bool {
	return f.attributes.text("rpc.system", "rpc.system.name") == "aws-api"
}

func (f *spanFields) namespace() string {
	switch {
	case f.isAWS():
		return "aws"
	case f.kind == spanClient || f.kind == spanProducer:
		return "remote"
	}
	return ""
}

// httpStatus is the status of the answer, 0 for none.
func (f *spanFields) httpStatus() int64 {
	n, err := strconv.ParseInt(f.attributes.text("http.response.status_code", "http.status_code"), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func (f *spanFields) appendHTTP(o *object) {
	a := f.attributes
	o.within("http", func() {
		o.within("request", func() {
			o.text("method", a.text("http.request.method", "http.method"))
			o.text("url", f.url())
			o.text("user_agent", a.text("user_agent.original", "http.user_agent"))
			if f.kind == spanServer {
				o.text("client_ip", a.text("client.address", "http.client_ip", "network.peer.address", "net.sock.peer.addr"))
			}
		})
		o.within("response", func() {
			o.integer("status", f.httpStatus())
			length, err := strconv.ParseInt(a.text("http.response.body.size", "http.response_content_length"), 10, 64)
			if err == nil {
				o.integer("content_length", length)
			}
		})
	})
}

// url is the whole URL, put together where the span has it in parts.
func (f *spanFields) url() string {
	a := f.attributes
	if whole := a.text("url.full", "http.url"); whole != "" {
		return whole
	}
	path := a.text("url.path", "http.target")
	host := a.text("server.address", "http.host", "net.host.name")
	if path == "" || host == "" {
		return path
	}
	if port := a.text("server.port", "net.host.port"); port != "" && !strings.Contains(host, ":") {
		host += ":" + port
	}
	if query := a.text("url.query"); query != "" {
		path += "?" + query
	}
	return cmp.Or(a.text("url.scheme", "http.scheme"), "http") + "://" + host + path
}

func (f *spanFields) appendSQL(o *object) {
	a := f.attributes
	statement := a.text("db.query.text", "db.statement")
	if statement == "" {
		return
	}
	o.within("sql", func() {
		o.text("url", a.text("db.connection_string"))
		o.text("database_type", a.text("db.system.name", "db.system"))
		o.text("user", a.text("db.user"))
		o.text("sanitized_query", statement)
	})
}
