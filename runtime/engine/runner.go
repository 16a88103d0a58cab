package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// guest runs deliveries in a sandboxed target.
type guest struct {
	target caller
	host   Host
	now    func() time.Time
	keep   sandbox.Keep
}

// caller is what guest needs of a *sandbox.Target.
type caller interface {
	OneByOne() bool
	Call(ctx context.Context, c sandbox.Call) (abi.Result, sandbox.Report, error)
	Close() error
}

// Close closes the target.
func (g *guest) Close() error { return g.target.Close() }

// Deliver hands the batch to the guest, in one call for the deliveries that share rule,
// bus and hops: what the guest emits must know whose event it acts on. A guest that takes
// them one by one gets a call for each.
func (g *guest) Deliver(ctx context.Context, batch []dispatch.Delivery) []dispatch.Outcome {
	groups := g.groups(batch)
	if len(groups) == 1 {
		return g.call(ctx, batch)
	}
	out := make([]dispatch.Outcome, len(batch))
	for _, places := range groups {
		part := make([]dispatch.Delivery, len(places))
		for i, place := range places {
			part[i] = batch[place]
		}
		for i, o := range g.call(ctx, part) {
			out[places[i]] = o
		}
	}
	return out
}

func (g *guest) groups(batch []dispatch.Delivery) [][]int {
	if !g.target.OneByOne() {
		return alike(batch)
	}
	groups := make([][]int, len(batch))
	for i := range groups {
		groups[i] = []int{i}
	}
	return groups
}

// alike groups the places of a batch's deliveries, in their order.
func alike(batch []dispatch.Delivery) [][]int {
	type kind struct {
		rule, bus string
		hops      int
	}
	var groups [][]int
	of := map[kind]int{}
	for i, d := range batch {
		k := kind{d.Rule, d.Event.Bus, d.Event.Hops}
		n, known := of[k]
		if !known {
			n = len(groups)
			of[k] = n
			groups = append(groups, nil)
		}
		groups[n] = append(groups[n], i)
	}
	return groups
}

// call makes one call. A call that the guest does not survive is made again with each
// half of the batch, down to the deliveries that it dies of: the others are delivered.
func (g *guest) call(ctx context.Context, batch []dispatch.Delivery) []dispatch.Outcome {
	if ctx.Value(actKey{}) != nil {
		ctx = context.WithValue(ctx, batchKey{}, batch) // what the guest emits comes of these
	}
	result, report, err := g.target.Call(ctx, sandbox.Call{
		Batch: abi.Batch{V: abi.Version, Delivery: batch[0].ID, Records: records(batch)},
		Now:   g.now(), Seed: batch[0].ID, Hops: batch[0].Event.Hops, Bus: batch[0].Event.Bus, Keep: g.keep,
	})
	if report.Recording != nil {
		g.host.Recorded(ctx, report.Recording)
	}
	var fault *sandbox.Fault
	if errors.As(err, &fault) && len(batch) > 1 && ctx.Err() == nil {
		half := len(batch) / 2
		return append(g.call(ctx, batch[:half]), g.call(ctx, batch[half:])...)
	}
	out := make([]dispatch.Outcome, len(batch))
	for i, d := range batch {
		out[i] = outcome(d, result, err)
		out[i].Took = report.Took
	}
	return out
}

func records(batch []dispatch.Delivery) []abi.Record {
	out := make([]abi.Record, len(batch))
	for i, d := range batch {
		out[i] = abi.Record{ID: d.ID, Attempt: d.Attempt, Rule: d.Rule, Event: d.Event.Raw(), Input: d.Input}
		// A template may make lines of text instead of JSON; the guest gets a string.
		if d.Input != nil && event.Check(d.Input) != nil {
			out[i].Input = event.AppendString(nil, string(d.Input))
		}
	}
	return out
}

// outcome reads what a call said about one delivery. A guest that died is named with
// all that is needed to watch it die again.
func outcome(d dispatch.Delivery, r abi.Result, err error) dispatch.Outcome {
	var fault *sandbox.Fault
	switch {
	case errors.As(err, &fault):
		return dispatch.Outcome{Retry: true, Code: fault.Code(), Message: fmt.Sprintf(
			"%v; rule %q, event %s; replay it: tocsin plugin replay %s", fault, d.Rule, d.Event.ID, word(d.ID))}
	case err != nil:
		return dispatch.Outcome{Retry: true, Code: dispatch.TargetError, Message: err.Error()}
	}
	for _, f := range r.Failures {
		if f.ID == d.ID {
			return dispatch.Outcome{Retry: f.Retry, Code: f.Code, Message: f.Error}
		}
	}
	return dispatch.Outcome{OK: true}
}

// word is a text as one word of a shell.
func word(s string) string {
	plain := func(r rune) bool {
		return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("-_./:@+=,", r)
	}
	if strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
