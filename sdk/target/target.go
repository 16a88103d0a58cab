package target

import (
	"errors"

	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// What the target registered. A guest has one thread, so nothing guards them.
var (
	configure func(*Config)
	handle    func([]*Delivery) error
)

// Handle registers the function that takes each delivery. Call it in init: a guest's
// main does not run. A nil error means the delivery is done; Fail and Retry say what a
// failure means, and every other error is tried again.
func Handle(deliver func(*Delivery) error) {
	handle = func(ds []*Delivery) error {
		for _, d := range ds {
			if err := deliver(d); err != nil {
				d.Fail(err)
			}
		}
		return nil
	}
}

// HandleBatch registers a function that takes deliveries together, for services that
// have a batch call. It marks single deliveries with Delivery.Fail; an error that it
// returns is that of every delivery it has not marked.
func HandleBatch(deliver func([]*Delivery) error) { handle = deliver }

// Configure registers the function that reads the target's config, once, before the
// first delivery. Without one the target takes no config.
func Configure(read func(*Config)) { configure = read }

// runInit answers the guest's init export: nothing, or an InitResult's JSON.
func runInit(config []byte) []byte {
	c := &Config{all: event.Value(config)}
	if configure != nil {
		configure(c)
	}
	if handle == nil {
		c.Problem("", "the plugin registered no function; call target.Handle in func init()")
	}
	return c.result()
}

// runHandle answers the guest's handle export with a Result's JSON. The host has
// checked the batch, so its shape is taken as given.
func runHandle(batch []byte) []byte {
	ds := read(batch)
	err := handle(ds)
	var failures []*Object
	for _, d := range ds {
		if d.err == nil {
			d.err = err
		}
		if d.err != nil {
			failures = append(failures, failure(d.id, d.err))
		}
	}
	if failures == nil {
		return []byte("{}")
	}
	return NewObject().Objects("failures", failures...).JSON()
}

func failure(id string, err error) *Object {
	o := NewObject().Text("id", id).Bool("retry", retries(err)).Text("error", err.Error())
	var f *failed
	if errors.As(err, &f) && f.code != "" {
		o.Text("code", f.code)
	}
	return o
}

// Delivery is one event on its way to this target.
type Delivery struct {
	id, rule string
	attempt  int
	event    event.Value
	input    event.Value
	err      error
}

// read takes the deliveries out of a batch in one pass: the events are most of it, and a
// byte costs a guest some ten nanoseconds each time it is looked at.
func read(batch []byte) (ds []*Delivery) {
	for rest := batch[1:]; ; {
		var name, v event.Value
		if name, rest = event.Cut(rest); name == nil {
			return ds
		}
		if string(name) != `"records"` {
			_, rest = event.Cut(rest)
			continue
		}
		for rest = enter(rest, '['); rest[0] != ']'; rest = skipTo(rest[1:]) {
			d := &Delivery{}
			for rest = rest[1:]; ; {
				if name, rest = event.Cut(rest); name == nil {
					break
				}
				v, rest = event.Cut(rest)
				d.set(string(name), v)
			}
			ds = append(ds, d)
		}
		rest = rest[1:]
	}
}

// enter is what follows the bracket that opens the next value.
func enter(b []byte, bracket byte) []byte {
	for b[0] != bracket {
		b = b[1:]
	}
	return skipTo(b[1:])
}

// skipTo passes over white space and commas.
func skipTo(b []byte) []byte {
	for b[0] == ',' || b[0] == ' ' || b[0] == '\t' || b[0] == '\n' || b[0] == '\r' {
		b = b[1:]
	}
	return b
}

// set takes one member of a record, by its name in quotes.
func (d *Delivery) set(name string, v event.Value) {
	switch name {
	case `"id"`:
		d.id, _ = v.Text()
	case `"attempt"`:
		n, _ := v.Float()
		d.attempt = int(n)
	case `"rule"`:
		d.rule, _ = v.Text()
	case `"event"`:
		d.event = v
	case `"input"`:
		d.input = v
	}
}

// ID names the delivery: the same over all attempts, so it serves as an idempotency key.
func (d *Delivery) ID() string { return d.id }

// Rule is the name of the rule that matched.
func (d *Delivery) Rule() string { return d.rule }

// Attempt counts from 1.
func (d *Delivery) Attempt() int { return d.attempt }

// Event is the whole event, as it was received.
func (d *Delivery) Event() event.Value { return d.event }

// Input is what the rule file made of the event, or the whole event when it shapes
// nothing: what a target acts on.
func (d *Delivery) Input() event.Value {
	if d.input == nil {
		return d.event
	}
	return d.input
}

// Shaped says whether the rule file made an input of its own.
func (d *Delivery) Shaped() bool { return d.input != nil }

// Fail marks the delivery as failed with err; Retry and Fail (the function) say what
// that means. For functions given to HandleBatch.
func (d *Delivery) Fail(err error) { d.err = err }

// failed is an error that says what should become of the delivery.
type failed struct {
	err   error
	code  string
	retry bool
}

func (f *failed) Error() string { return f.err.Error() }
func (f *failed) Unwrap() error { return f.err }

// Retry says that the same delivery may succeed later. It is what errors mean that say
// nothing else.
func Retry(err error) error { return &failed{err: err, retry: true} }

// Fail says that no further attempt can help: the delivery becomes a dead letter now.
// The code is for programs that read dead letters, as "CHANNEL_NOT_FOUND"; "" is
// TARGET_ERROR.
func Fail(code string, err error) error { return &failed{err: err, code: code} }

// retries says whether err asks for another attempt.
func retries(err error) bool {
	var f *failed
	if errors.As(err, &f) {
		return f.retry
	}
	var h *HostError
	if errors.As(err, &h) {
		return h.Errno == abi.Busy || h.Errno == abi.Unavailable || h.Errno == abi.Timeout
	}
	var a *AWSError
	if errors.As(err, &a) {
		return a.Retry
	}
	return true
}
