package events

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// EventBridge's limits (PutEvents, PutPartnerEvents).
const (
	maxEntries        = 10
	maxPartnerEntries = 20
	maxTotalSize      = 256 << 10
	timeSize          = 14 // what a Time counts for, whatever its form
	maxDetailType     = 128
)

// PutEvents puts events on buses. An entry that is refused does not stop the others.
func (s *Service) PutEvents(ctx context.Context, c service.Caller, r *PutEventsRequest) (*PutEventsResponse, error) {
	if err := checkEntries(r.Entries, maxEntries); err != nil {
		return nil, err
	}
	if r.EndpointID != "" {
		return nil, service.Errorf("ResourceNotFoundException", "Endpoint %s does not exist.", r.EndpointID)
	}
	b := batch{s: s, c: c, name: "put"}
	for i, e := range r.Entries {
		bus, err := s.openBus(ctx, c, e.EventBusName)
		if err != nil {
			return nil, err
		}
		code, message := checkEntry(e)
		if strings.HasPrefix(e.Source, "aws.") {
			code, message = "NotAuthorizedForSourceException", "Not authorized for the source."
		}
		b.add(i, e, bus, code, message)
	}
	return b.put(ctx)
}

// checkEntries refuses a request as a whole.
func checkEntries(entries []Entry, most int) error {
	var rule, value string
	switch {
	case entries == nil:
		rule, value = "Member must not be null", "null"
	case len(entries) == 0:
		rule, value = "Member must have length greater than or equal to 1", "'[]'"
	case len(entries) > most:
		rule, value = fmt.Sprintf("Member must have length less than or equal to %d", most), "'"+printEntries(entries)+"'"
	}
	if rule != "" {
		return service.Errorf("ValidationException", "1 validation error detected: Value %s at 'entries' failed to satisfy constraint: %s", value, rule)
	}
	total := 0
	for _, e := range entries {
		total += size(e)
	}
	if total > maxTotalSize {
		return service.Errorf("ValidationException", "Total size of the entries in the request is over the limit.")
	}
	return nil
}

// size is what an entry counts for
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size).
func size(e Entry) int {
	n := len(e.Source) + len(e.DetailType) + len(e.Detail)
	if !e.Time.IsZero() {
		n += timeSize
	}
	for _, r := range e.Resources {
		n += len(r)
	}
	return n
}

// printEntries writes entries as the messages of EventBridge do.
func printEntries(entries []Entry) string {
	texts := make([]string, len(entries))
	for i, e := range entries {
		at, resources := "null", "null"
		if !e.Time.IsZero() {
			at = e.Time.Format(time.UnixDate)
		}
		if e.Resources != nil {
			resources = "[" + strings.Join(e.Resources, ", ") + "]"
		}
		texts[i] = fmt.Sprintf("PutEventsRequestEntry(time=%s, source=%s, resources=%s, detailType=%s, detail=%s, eventBusName=%s, traceHeader=%s, kmsKeyIdentifier=null, internalMetadata=null)",
			at, orNull(e.Source), resources, orNull(e.DetailType), orNull(e.Detail), orNull(e.EventBusName), orNull(e.TraceHeader))
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

func orNull(s string) string {
	if s == "" {
		return "null"
	}
	return s
}

// checkEntry says why an entry is refused; code "" accepts it so far.
func checkEntry(e Entry) (code, message string) {
	for _, p := range []struct{ name, value string }{{"Source", e.Source}, {"DetailType", e.DetailType}, {"Detail", e.Detail}} {
		if p.value == "" {
			return "InvalidArgument", fmt.Sprintf("Parameter %s is not valid. Reason: %s is a required argument.", p.name, p.name)
		}
	}
	if len(e.DetailType) > maxDetailType {
		return "InvalidArgument", fmt.Sprintf("Parameter DetailType is not valid. Reason: DetailType is longer than %d characters.", maxDetailType)
	}
	return "", ""
}

// batch collects what becomes of a request's entries, and puts the good ones at once.
type batch struct {
	s       *Service
	c       service.Caller
	name    string // of the operation, in idempotency keys
	answer  PutEventsResponse
	good    []service.Submission
	indexes []int // of the good ones among the entries
}

// add judges entry i. A nil bus is one that does not exist.
func (b *batch) add(i int, e Entry, bus *bus, code, message string) {
	id := service.NewID()
	ev, err := b.event(id, e)
	if code == "" && err != nil {
		code, message = "MalformedDetail", "Detail is malformed."
	}
	switch {
	case code != "":
		b.answer.FailedEntryCount++
		b.note(Result{ErrorCode: code, ErrorMessage: message}, "-")
	case bus == nil:
		b.s.unknownBus.Add(1)
		b.note(Result{EventID: id}, "unknown-bus")
	default:
		b.note(Result{EventID: id}, "")
		b.good = append(b.good, service.Submission{Event: ev.On(bus.Name, 0), Key: b.c.Key(b.name, i)})
		b.indexes = append(b.indexes, i)
	}
}

func (b *batch) note(r Result, matched string) {
	b.answer.Entries = append(b.answer.Entries, r)
	b.answer.matched = append(b.answer.matched, matched)
}

func (b *batch) event(id string, e Entry) (event.Event, error) {
	at := e.Time
	if at.IsZero() {
		at = b.s.c.Now()
	}
	return event.New(event.Fields{
		ID: id, DetailType: e.DetailType, Source: e.Source, Account: b.c.Account, Region: b.c.Region,
		Time: at, Resources: e.Resources, Detail: []byte(e.Detail),
	})
}

func (b *batch) put(ctx context.Context) (*PutEventsResponse, error) {
	if len(b.good) == 0 {
		return &b.answer, nil
	}
	receipts, err := b.s.c.Engine.Put(ctx, b.good)
	if err != nil {
		return nil, err
	}
	for n, receipt := range receipts {
		i := b.indexes[n]
		b.answer.Entries[i].EventID = receipt.ID
		b.answer.matched[i] = strconv.Itoa(len(receipt.Matched))
	}
	return &b.answer, nil
}
