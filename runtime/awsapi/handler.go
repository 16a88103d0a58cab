package awsapi

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"

	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/ingest/awswire"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// Config is what a Handler needs.
type Config struct {
	// Table holds the operations. Required.
	Table *service.Table
	// Verifier verifies signatures. Nil answers everybody: only for loopback.
	Verifier *awswire.Verifier
	// Account and Region are those that answers speak for.
	Account, Region string
	// Budget bounds the bodies that are being worked on; beyond it clients are
	// throttled. Default: 256 MiB.
	Budget *awswire.Budget
	// Rates bounds the requests of each access key. Default: no bound.
	Rates *Rates
	// Log gets what is our fault. Default: nowhere.
	Log hclog.Logger
}

// Handler answers AWS clients.
type Handler struct {
	c     Config
	log   hclog.Logger
	stats counters
}

// New makes a Handler.
func New(c Config) *Handler {
	if c.Budget == nil {
		c.Budget = &awswire.Budget{Max: 256 << 20}
	}
	if c.Log == nil {
		c.Log = hclog.NewNullLogger()
	}
	return &Handler{c: c, log: c.Log.Named("awsapi")}
}

// Headers is what a response may have beside its members: HTTP headers.
type Headers interface{ ResponseHeaders() map[string]string }

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.stats.requests.Add(1)
	x := exchange{h: h, r: r, route: awswire.RouteOf(r), requestID: service.NewID()}
	response, err := x.run()
	if err != nil {
		write(w, awswire.EncodeError(x.route, x.requestID, h.visible(&x, err)), nil)
		return
	}
	extra, _ := response.(Headers)
	write(w, awswire.EncodeResponse(x.route, x.requestID, response), extra)
}

func write(w http.ResponseWriter, a awswire.Answer, extra Headers) {
	maps.Copy(w.Header(), a.Header)
	if extra != nil {
		for name, value := range extra.ResponseHeaders() {
			w.Header().Set(name, value)
		}
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // the client is gone: nobody is left to tell
}

// exchange is one request on its way through.
type exchange struct {
	h         *Handler
	r         *http.Request
	route     awswire.Route
	requestID string
	accessKey string
}

func (x *exchange) run() (any, error) {
	limit := x.h.c.Table.MaxBody(x.route.Service, x.route.Operation)
	room := x.h.c.Budget.Room()
	defer room.Release()
	raw, err := x.authenticated(room, limit)
	if err != nil {
		return nil, err
	}
	if !x.h.c.Rates.Take(x.accessKey) {
		return nil, handlerError{errTooFast}
	}
	body, err := room.Inflate(x.r.Header.Get("Content-Encoding"), raw, limit)
	if err != nil {
		return nil, err
	}
	op, request, err := x.decode(body)
	if err != nil {
		return nil, err
	}
	response, err := op.Handle(x.r.Context(), x.caller(), request)
	if err != nil {
		return nil, handlerError{err}
	}
	return response, nil
}

// authenticated reads the body as it was sent and verifies who sent it.
func (x *exchange) authenticated(room *awswire.Room, limit int64) ([]byte, error) {
	v := x.h.c.Verifier
	if v == nil {
		return room.Read(x.r.Body, limit)
	}
	claim, err := v.Claim(x.r)
	if err != nil {
		return nil, authError{err}
	}
	raw, err := room.Read(x.r.Body, limit)
	if err != nil {
		return nil, err
	}
	if err := v.Check(claim, x.r, raw); err != nil {
		return nil, authError{err}
	}
	x.accessKey = claim.AccessKey
	return raw, nil
}

// decode finds the operation and fills its request.
func (x *exchange) decode(body []byte) (op service.Operation, request any, err error) {
	if x.route.Protocol == awswire.REST {
		return x.decodeREST(body)
	}
	var form *awswire.Form
	if x.route.Protocol.IsForm() {
		if form, err = x.form(body); err != nil {
			return op, nil, err
		}
	}
	op, ok := x.h.c.Table.Find(x.route.Service, x.route.Operation)
	switch {
	case !ok:
		return op, nil, unknown(x.route)
	case int64(len(body)) > op.MaxBody:
		return op, nil, awswire.TooLarge()
	}
	request = op.New()
	switch {
	case form != nil:
		err = form.Decode(request, x.route.Protocol == awswire.EC2Query)
	case x.route.Protocol == awswire.CBOR:
		err = awswire.DecodeCBOR(body, request)
	default:
		err = awswire.DecodeJSON(body, request)
	}
	return op, request, err
}

// form reads the form, and completes the route from it.
func (x *exchange) form(body []byte) (*awswire.Form, error) {
	text := string(body)
	if x.r.URL.Query().Has("Action") {
		text = x.r.URL.RawQuery
	}
	form, err := awswire.ParseForm(text)
	if err != nil {
		return nil, err
	}
	x.route = x.route.WithForm(form)
	if x.route.Service == "sqs" && x.r.URL.Path != "/" {
		form.Default("QueueUrl", x.caller().Endpoint+x.r.URL.Path) // older SDKs post to the queue itself
	}
	return form, nil
}

func (x *exchange) decodeREST(body []byte) (op service.Operation, request any, err error) {
	op, labels, ok := x.h.c.Table.FindPath(x.route.Service, x.r.Method, x.r.URL.EscapedPath())
	switch {
	case !ok:
		return op, nil, unknown(x.route)
	case int64(len(body)) > op.MaxBody:
		return op, nil, awswire.TooLarge()
	}
	x.route.Service, x.route.Operation = op.Service, op.Name
	request = op.New()
	return op, request, awswire.DecodeREST(labels, x.r.URL.Query(), body, request)
}

func (x *exchange) caller() service.Caller {
	scheme := "http://"
	if x.r.TLS != nil {
		scheme = "https://"
	}
	return service.Caller{
		AccessKey: x.accessKey, Account: x.h.c.Account, Region: x.h.c.Region, RequestID: x.requestID,
		InvocationID: x.r.Header.Get("Amz-Sdk-Invocation-Id"), Header: x.r.Header, Endpoint: scheme + x.r.Host,
	}
}

// errTooFast is the error of a key that has used up its requests.
var errTooFast = errors.New("awsapi: too many requests")

// handlerError is an error of an operation, authError one of a signature; every other
// error is the request's own.
type (
	handlerError struct{ error }
	authError    struct{ error }
)

// visible counts an error and makes it one that a client may see.
func (h *Handler) visible(x *exchange, err error) *awswire.Error {
	if failed, ok := errors.AsType[handlerError](err); ok {
		return h.operationError(x, failed.error)
	}
	refused, isAuth := errors.AsType[authError](err)
	if isAuth {
		err = refused.error
	}
	var e *awswire.Error
	errors.As(err, &e)
	switch {
	case e.Code == "ThrottlingException":
		h.stats.throttled.Add(1)
	case isAuth:
		h.stats.refused.Add(1)
	case e.Code == "UnknownOperationException":
		h.stats.unknown.Add(1)
	default:
		h.stats.malformed.Add(1)
	}
	return e
}

// operationError translates what an operation returned.
func (h *Handler) operationError(x *exchange, err error) *awswire.Error {
	var e *service.Error
	switch {
	case errors.As(err, &e):
		h.stats.failed.Add(1)
		return &awswire.Error{Code: e.Code, QueryCode: e.QueryCode, Message: e.Message, Status: e.Status}
	case errors.Is(err, store.ErrFull), errors.Is(err, errTooFast):
		h.stats.throttled.Add(1)
		return throttling(x.route.Service)
	case errors.Is(err, context.Canceled):
		h.stats.failed.Add(1)
	default:
		h.stats.internal.Add(1)
		h.log.Error("request failed", "service", x.route.Service, "operation", x.route.Operation, "request", x.requestID, "error", err)
	}
	return &awswire.Error{
		Code: "InternalFailure", Status: http.StatusInternalServerError,
		Message: "The request processing has failed because of an unknown error. The server's log has it under the request id " + x.requestID + ".",
	}
}

func unknown(r awswire.Route) *awswire.Error {
	e := &awswire.Error{Code: "UnknownOperationException", QueryCode: "InvalidAction"}
	switch {
	case r.Protocol.IsForm() && r.Operation == "":
		e.QueryCode, e.Message = "MissingAction", "The request must contain the parameter Action."
	case r.Protocol.IsForm():
		e.Message = "The action " + r.Operation + " is not valid for this endpoint."
	case r.Protocol == awswire.REST:
		e.Status, e.Message = http.StatusNotFound, "No operation of "+cmp.Or(r.Service, "any service")+" is called so: "+r.Operation
	default:
		e.Message = "No operation of " + cmp.Or(r.Service, "any service") + " is called so: " + cmp.Or(r.Operation, "(of another service)")
	}
	return e
}
