package engine

import (
	"context"
	"errors"
	"strings"

	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/ingest/awswire"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/outbound"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// AWS makes the signed calls of targets in `mode: aws`.
type AWS interface {
	Call(ctx context.Context, r abi.AWSRequest) (abi.AWSResponse, abi.Errno)
}

var _ sandbox.Capabilities = (*Engine)(nil)

// Log writes a plugin's log line.
func (e *Engine) Log(s sandbox.Scope, level abi.LogLevel, text []byte) {
	line := string(text)
	args := []any{"target", s.Target, "plugin", s.Plugin, "delivery", s.Delivery}
	if event.Check(text) == nil && event.Value(text).Kind() == event.Object {
		line, args = logLine(event.Value(text), args)
	}
	e.log.Named("plugin").Log(hclog.Level(level)+hclog.Trace, printable(line), args...)
}

// logLine takes an abi.LogLine apart: its message, and the rest as pairs.
func logLine(v event.Value, args []any) (string, []any) {
	message, _ := v.Get("message").Text()
	for name, m := range v.Members() {
		if name == "message" {
			continue
		}
		text, ok := m.Text()
		if !ok {
			text = string(m)
		}
		args = append(args, "plugin_"+printable(name), printable(text))
	}
	return message, args
}

// printable keeps a guest from forging lines of the log.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// Count adds to a plugin's counter.
func (e *Engine) Count(s sandbox.Scope, name string, by int64) { e.stats.count(s.Target, name, by) }

// Emit puts a target's event on the bus of the event that it acts on, one hop further.
func (e *Engine) Emit(ctx context.Context, s sandbox.Scope, raw []byte) abi.Errno {
	now := e.config.Now()
	ev, err := event.Complete(append([]byte(nil), raw...), event.Fields{
		ID: e.config.NewID(), Account: e.config.Account, Region: e.config.Region, Time: now,
	})
	if err != nil {
		return abi.BadRequest
	}
	rs := e.rules.Load()
	a := e.arrive(rs, service.Submission{Event: ev.On(s.Bus, s.Hops+1)}, origin{s.Rule, s.Target})
	if e.config.Emit != nil && a.cut == "" {
		return e.emitElsewhere(ctx, s, ev)
	}
	if m, ok := ctx.Value(actKey{}).(*emitter); ok {
		return m.emit(ctx, a)
	}
	switch err := e.takeIn(ctx, rs, now, []*arrival{a}); {
	case errors.Is(err, store.ErrFull):
		return abi.Busy
	case err != nil:
		e.log.Error("an emitted event could not be taken in", "target", s.Target, "error", err)
		return abi.Unavailable
	case a.cut != "":
		return abi.Denied
	}
	return 0
}

// emitElsewhere hands an emitted event on.
func (e *Engine) emitElsewhere(ctx context.Context, s sandbox.Scope, ev event.Event) abi.Errno {
	if err := e.config.Emit(ctx, ev); err != nil {
		e.log.Error("an emitted event could not be handed on", "target", s.Target, "error", err)
		return abi.Unavailable
	}
	return 0
}

// HTTP makes a plugin's request, to the hosts that its grant allows.
func (e *Engine) HTTP(ctx context.Context, s sandbox.Scope, r abi.HTTPRequest) (abi.HTTPResponse, abi.Errno) {
	answer, errno, err := outbound.Send(ctx, s.Grants.HTTP, r)
	if err != nil {
		e.log.Debug("a plugin's request was not answered", "target", s.Target, "plugin", s.Plugin, "error", err)
	}
	return answer, errno
}

// Denied says which grant a plugin lacks.
func (e *Engine) Denied(s sandbox.Scope, function, what string) {
	e.log.Warn("a plugin asked for what it was not granted; add it under allow", "target", s.Target, "plugin", s.Plugin,
		"rule", s.Rule, "function", function, "what", printable(what))
}

// Secret is a secret's value.
func (e *Engine) Secret(name string) (string, bool) { return e.config.Secret(name) }

// AWS calls a service: in this process, or the real one.
func (e *Engine) AWS(ctx context.Context, s sandbox.Scope, r abi.AWSRequest) (abi.AWSResponse, abi.Errno) {
	if s.Mode != "aws" {
		return e.callLocal(ctx, s.Target, r)
	}
	if e.config.AWS == nil {
		return abi.AWSResponse{Error: &abi.AWSError{Code: "NotConfigured",
			Message: "this tocsin makes no calls to AWS; write mode: local, or give it AWS credentials"}}, 0
	}
	return e.config.AWS.Call(ctx, r)
}

// callLocal calls an operation of a service in this process.
func (e *Engine) callLocal(ctx context.Context, target string, r abi.AWSRequest) (abi.AWSResponse, abi.Errno) {
	op, ok := e.services.Load().Find(r.Service, r.Action)
	if !ok {
		return abi.AWSResponse{}, abi.NotFound
	}
	request := op.New()
	if err := awswire.DecodeJSON(r.Params, request); err != nil {
		return abi.AWSResponse{Error: awsError(r.Service, err)}, 0
	}
	caller := service.Caller{Account: e.config.Account, Region: r.Region, RequestID: e.config.NewID(), Create: true}
	or(&caller.Region, e.config.Region)
	response, err := op.Handle(ctx, caller, request)
	if err == nil {
		return abi.AWSResponse{Result: awswire.EncodeJSON(response)}, 0
	}
	answer := awsError(r.Service, err)
	if answer.Code == internalFailure {
		e.log.Error("a service failed", "target", target, "service", r.Service, "action", r.Action,
			"request", caller.RequestID, "error", err)
	}
	return abi.AWSResponse{Error: answer}, 0
}

const internalFailure = "InternalFailure"

// awsError is an error as a client of the service would see it: a plugin that knows a code
// knows it in both modes.
func awsError(name string, err error) *abi.AWSError {
	var wire *awswire.Error
	var own *service.Error
	switch {
	case errors.As(err, &wire):
		return &abi.AWSError{Code: wire.CodeOf(name), Message: wire.Message}
	case errors.As(err, &own):
		e := awswire.Error{Code: own.Code, QueryCode: own.QueryCode}
		return &abi.AWSError{Code: e.CodeOf(name), Message: own.Message, Retry: own.Retry || own.Status >= 500}
	case errors.Is(err, store.ErrFull):
		return &abi.AWSError{Code: "ThrottlingException", Message: "there is no room now; try again", Retry: true}
	}
	return &abi.AWSError{Code: internalFailure, Message: "the service failed; the log says why", Retry: true}
}
