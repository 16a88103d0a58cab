package cloudevents

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// The media types of the modes.
const (
	Structured = "application/cloudevents+json"
	Batch      = "application/cloudevents-batch+json"
)

// MaxBatch is how many events a batch may have.
const MaxBatch = 10_000

// Result is what became of one event of a request: the event, or why it is refused.
type Result struct {
	Event event.Event
	Err   error
}

// Read reads the events of a request, whatever its mode: one, or those of a batch, each
// for itself. The error is about the request as a whole. What an event does not say is
// taken from defaults: Account, Region, Time.
func Read(h http.Header, body []byte, defaults event.Fields) ([]Result, error) {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil && h.Get("Content-Type") != "" {
		return nil, fmt.Errorf("the Content-Type %q is no media type", h.Get("Content-Type"))
	}
	switch {
	case kind == Batch:
		return readBatch(body, defaults)
	case kind == Structured:
		a, err := structured(body)
		return one(a, err, defaults)
	case strings.HasPrefix(kind, "application/cloudevents"):
		return nil, &UnsupportedError{kind}
	case h.Get("Ce-Specversion") == "":
		return nil, fmt.Errorf("this is no CloudEvent: send the Content-Type %s or %s, or the headers ce-specversion, ce-id, ce-source and ce-type", Structured, Batch)
	}
	a, err := binary(h, kind, body)
	return one(a, err, defaults)
}

// UnsupportedError says that the format of a CloudEvent is none that is read here.
type UnsupportedError struct{ Format string }

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("the format %s is not read here; send %s or %s", e.Format, Structured, Batch)
}

func one(a *attributes, err error, defaults event.Fields) ([]Result, error) {
	if err != nil {
		return nil, err
	}
	ev, err := a.event(defaults)
	if err != nil {
		return nil, err
	}
	return []Result{{Event: ev}}, nil
}

func readBatch(body []byte, defaults event.Fields) ([]Result, error) {
	if err := event.Check(body); err != nil {
		return nil, errors.New("the batch is no sound JSON: " + strings.TrimPrefix(err.Error(), "event: "))
	}
	list, _ := event.Cut(body)
	if list.Kind() != event.Array {
		return nil, fmt.Errorf("a batch is a JSON list of events, not %s; send one event as %s", list.Kind(), Structured)
	}
	var all []Result
	for item := range list.Items() {
		if len(all) == MaxBatch {
			return nil, fmt.Errorf("a batch may have %d events; send the rest in another one", MaxBatch)
		}
		var r Result
		a, err := fromJSON(item)
		if err == nil {
			r.Event, err = a.event(defaults)
		}
		r.Err = err
		all = append(all, r)
	}
	return all, nil
}
