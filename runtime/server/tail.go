package server

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/tocsin-engine/tocsin/rules/expression"
	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

const (
	// heartbeat is how often an empty line shows that the connection lives.
	heartbeat = 15 * time.Second
	// flushEvery bounds how many lines are gathered while more are waiting.
	flushEvery = 256
)

// tailEvent is a line: an event came in.
type tailEvent struct {
	Kind    string          `json:"kind"`
	At      time.Time       `json:"at"`
	Bus     string          `json:"bus"`
	Hops    int             `json:"hops,omitempty"`
	Matched []string        `json:"matched"`
	Cut     string          `json:"cut,omitempty"`
	Event   json.RawMessage `json:"event"`
}

// tailDelivery is a line: a delivery was attempted.
type tailDelivery struct {
	Kind      string    `json:"kind"`
	At        time.Time `json:"at"`
	ID        string    `json:"id"`
	Rule      string    `json:"rule"`
	Target    string    `json:"target"`
	Attempt   int       `json:"attempt"`
	Result    string    `json:"result"`
	Code      string    `json:"code,omitempty"`
	Message   string    `json:"message,omitempty"`
	Exhausted string    `json:"exhausted,omitempty"`
	TookMS    float64   `json:"took_ms"`
	Next      time.Time `json:"next,omitzero"`
}

// tailMissed is a line: the reader was too slow for some.
type tailMissed struct {
	Kind  string `json:"kind"`
	Count uint64 `json:"count"`
}

// tailFilter is what a reader wants to see.
type tailFilter struct {
	rule                  string
	pattern               *pattern.Pattern
	when                  *expression.Program
	unmatched, deliveries bool
}

func (c *call) tailFilter() (f tailFilter, err error) {
	query := c.URL.Query()
	f.rule = query.Get("rule")
	if f.unmatched, err = c.flag("unmatched"); err != nil {
		return f, err
	}
	if f.deliveries, err = c.flag("deliveries"); err != nil {
		return f, err
	}
	if text := query.Get("pattern"); text != "" {
		var wrong []pattern.Error
		if f.pattern, wrong = pattern.CompileJSON([]byte(text)); len(wrong) > 0 {
			return f, badRequest("%v", wrong[0])
		}
	}
	if text := query.Get("when"); text != "" {
		var wrong []expression.Error
		if f.when, wrong = expression.Compile(text, expression.When); len(wrong) > 0 {
			return f, badRequest("when: %v", wrong[0])
		}
	}
	return f, nil
}

// wants says whether an event passes. A `when` that fails is no match, as in a rule.
func (f tailFilter) wants(ev event.Event) bool {
	if f.pattern != nil && !f.pattern.Match(ev.Raw()) {
		return false
	}
	if f.when == nil {
		return true
	}
	ok, err := f.when.Bool(expression.NewEnv(ev))
	return ok && err == nil
}

// line is what a reader with this filter sees of an item, nil for nothing.
func (f tailFilter) line(i engine.Item) any {
	if i.Report != nil {
		return f.delivery(*i.Report)
	}
	if f.rule != "" && !slices.Contains(i.Matched, f.rule) || f.unmatched && len(i.Matched) > 0 || !f.wants(i.Event) {
		return nil
	}
	return tailEvent{"event", i.At, i.Event.Bus, i.Event.Hops, orEmpty(i.Matched), i.Cut, i.Event.Raw()}
}

func (f tailFilter) delivery(r dispatch.Report) any {
	if !f.deliveries || f.unmatched || f.rule != "" && r.Rule != f.rule {
		return nil
	}
	if f.pattern != nil || f.when != nil {
		ev, err := event.Parse(r.Entry.Raw)
		if err != nil || !f.wants(ev) {
			return nil
		}
	}
	return tailDelivery{
		"delivery", r.At, r.Entry.ID, r.Rule, r.Target, r.Attempt, results[r.Kind], r.Code, r.Message, r.Exhausted,
		float64(r.Took.Microseconds()) / 1000, r.Next,
	}
}

// results names the kinds of reports as the states of deliveries are named.
var results = map[dispatch.Kind]string{
	dispatch.Delivered: engine.StateDelivered, dispatch.Retried: engine.StateRetrying,
	dispatch.Dead: engine.StateDead, dispatch.QueueFailed: engine.StateDying,
}

// tail streams what happens until the reader goes or the server stops.
func (s *Server) tail(c *call) (any, error) {
	filter, err := c.tailFilter()
	if err != nil {
		return nil, err
	}
	subscription := s.c.Engine.Subscribe(s.c.tailRoom)
	defer subscription.Close()
	c.w.Header().Set("Content-Type", "application/x-ndjson")
	out := lines{w: c.w, control: http.NewResponseController(c.w)}
	out.start()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for out.err == nil {
		select {
		case <-c.Context().Done():
			return answered{}, nil
		case <-s.stop:
			for len(subscription.C) > 0 {
				out.item(filter, <-subscription.C)
			}
			out.flush()
			return answered{}, nil
		case <-beat.C:
			out.empty()
		case item := <-subscription.C:
			out.item(filter, item)
		}
		out.missed(subscription.Missed())
		if len(subscription.C) == 0 || out.unflushed >= flushEvery {
			out.flush()
		}
	}
	return answered{}, nil
}

// lines writes JSON lines to a client that may be slow or gone.
type lines struct {
	w       http.ResponseWriter
	control *http.ResponseController
	// unflushed counts the lines since the last flush.
	unflushed int
	// told is how many missed items the client was told of.
	told uint64
	err  error
}

// start sends the header, so that the client knows that it is connected.
func (l *lines) start() {
	// The server's deadline for the request's bytes would end the connection: net/http
	// goes on reading, to notice when the client goes.
	l.keep(l.control.SetReadDeadline(time.Time{}))
	l.w.WriteHeader(http.StatusOK)
	l.flush()
}

func (l *lines) item(filter tailFilter, i engine.Item) {
	if line := filter.line(i); line != nil {
		l.put(line)
	}
}

func (l *lines) missed(total uint64) {
	if total > l.told {
		l.put(tailMissed{"missed", total - l.told})
		l.told = total
	}
}

func (l *lines) put(v any) {
	e := json.NewEncoder(l.w)
	e.SetEscapeHTML(false)
	l.keep(e.Encode(v))
	l.unflushed++
}

func (l *lines) empty() {
	_, err := l.w.Write([]byte{'\n'})
	l.keep(err)
}

// flush gives a slow client some time from now on, and no more.
func (l *lines) flush() {
	l.keep(l.control.SetWriteDeadline(time.Now().Add(answerTimeout)))
	l.keep(l.control.Flush())
	l.unflushed = 0
}

func (l *lines) keep(err error) {
	if l.err == nil {
		l.err = err
	}
}
