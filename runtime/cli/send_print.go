package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// sentDoc is the JSON of send.
type sentDoc struct {
	Version    int            `json:"version"`
	Accepted   int            `json:"accepted"`
	Refused    int            `json:"refused"`
	Duplicates int            `json:"duplicates"`
	Deliveries int            `json:"deliveries"`
	Matched    map[string]int `json:"matched"`
	// Events is what became of each, if there are no more than 20.
	Events []engine.Fate `json:"events"`
}

// summary prints what became of the events: each one if there are few.
func (s *sendVerb) summary(ctx context.Context) error {
	doc := sentDoc{1, s.accepted, s.refused, s.duplicates, s.deliveries, s.matched, []engine.Fate{}}
	if s.accepted <= listed {
		for _, id := range s.ids {
			fate, err := s.settled(ctx, id)
			if err != nil {
				return err
			}
			doc.Events = append(doc.Events, fate)
		}
	}
	if s.format == "json" {
		return printJSON(s.app.out, doc)
	}
	for _, fate := range doc.Events {
		s.app.printFate(fate)
	}
	if s.accepted > listed {
		s.printSum()
	}
	return nil
}

// settled asks for an event's fate until all its deliveries have come to something, or
// the wait is over.
func (s *sendVerb) settled(ctx context.Context, id string) (engine.Fate, error) {
	deadline := time.Now().Add(s.wait)
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		var fate engine.Fate
		err := s.client.get(ctx, "/events/"+id, nil, &fate)
		if err != nil || fate.State != engine.StatePending || !time.Now().Before(deadline) {
			return fate, err
		}
		if err := sleep(ctx, pause); err != nil {
			return fate, err
		}
	}
}

// printSum prints how often each rule matched.
func (s *sendVerb) printSum() {
	a := s.app
	fmt.Fprintf(a.err, "%s %s in %s, %s on their way\n", a.talk.tick(), count(s.accepted, "event"),
		short(time.Since(s.start)), count(s.deliveries, "delivery"))
	if s.duplicates > 0 {
		fmt.Fprintf(a.err, "%s %d of them had come before\n", a.talk.mark(), s.duplicates)
	}
	rules := slices.SortedFunc(maps.Keys(s.matched), func(x, y string) int { return s.matched[y] - s.matched[x] })
	for _, rule := range rules {
		fmt.Fprintf(a.out, "%7d  %s\n", s.matched[rule], rule)
	}
	if len(rules) == 0 {
		fmt.Fprintf(a.err, "%s no rule matched any of them; tocsin explain says why\n", a.talk.dot())
	}
}

// printFate writes an event and below it each delivery.
func (a *app) printFate(f engine.Fate) {
	s := a.style
	v := event.Value(f.Event)
	detailType, _ := v.Get("detail-type").Text()
	source, _ := v.Get("source").Text()
	fmt.Fprintf(a.out, "%s %s from %s\n", cut(f.ID, shownID, s), s.strong(detailType), source)
	for _, d := range f.Deliveries {
		fmt.Fprintf(a.out, "  %s %s %s %s   %s\n", s.arrow(), d.Rule, s.arrow(), d.Target, s.outcome(d))
		if d.Recorded && d.State != engine.StateDelivered && !strings.Contains(d.Message, pluginReplay) {
			fmt.Fprintf(a.out, "      %s\n", s.faint(pluginReplay+d.ID))
		}
	}
	if len(f.Deliveries) == 0 {
		reason := f.Reason
		if reason == "" {
			reason = f.State
		}
		fmt.Fprintf(a.out, "  %s %s   %s\n", s.dot(), reason, s.faint("tocsin explain --event "+f.ID))
	}
}

// outcome is what became of a delivery, in a few words.
func (s style) outcome(d engine.DeliveryFate) string {
	why := ""
	if d.Message != "" {
		why = ": " + d.Message
	}
	switch d.State {
	case engine.StateDelivered:
		if n := len(d.History); n > 0 {
			return s.good("delivered") + " in " + short(d.History[n-1].Took)
		}
		return s.good("delivered")
	case engine.StateRetrying:
		return s.warn("will be tried again") + why
	case engine.StateDead, engine.StateDying:
		return s.bad("dead letter") + why
	}
	return d.State
}

// short is a duration as a person reads it: 0.3 ms, 41 ms, 1.2 s.
func short(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
