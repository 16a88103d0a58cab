package server

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

type deadLetterView struct {
	ID        store.DeadLetterID `json:"id"`
	Target    string             `json:"target"`
	Rule      string             `json:"rule"`
	Delivery  string             `json:"delivery"`
	Queue     string             `json:"queue,omitempty"`
	Code      string             `json:"code"`
	Message   string             `json:"message"`
	Exhausted string             `json:"exhausted,omitempty"`
	Attempts  int                `json:"attempts"`
	Died      time.Time          `json:"died"`
	Bus       string             `json:"bus"`
	Event     json.RawMessage    `json:"event"`
}

func letterView(l engine.Letter) deadLetterView {
	v := deadLetterView{l.ID, l.Target, l.Rule, dispatch.DeliveryID(l.Entry.ID, l.Entry.Seq, l.Rule, l.Target), l.Queue, l.Code, l.Message, l.Exhausted, l.Attempts, l.Died, l.Entry.Bus, l.Entry.Raw}
	if len(v.Event) == 0 { // damaged
		v.Event = json.RawMessage("null")
	}
	return v
}

func (s *Server) deadLetters(c *call) (any, error) {
	limit, err := c.number("limit", page, maxPage)
	if err != nil {
		return nil, err
	}
	q := c.URL.Query()
	var after store.DeadLetterID
	if text := q.Get("after"); text != "" {
		if after, err = letterID("after", text); err != nil {
			return nil, err
		}
	}
	f := engine.LetterFilter{Target: q.Get("target"), Rule: q.Get("rule"), Queue: q.Get("queue")}
	if f.Since, err = c.time("since"); err != nil {
		return nil, err
	}
	found, next, err := s.c.Engine.DeadLetters(c.Context(), f, after, limit)
	if err != nil {
		return nil, err
	}
	answer := struct {
		Version     int                `json:"version"`
		DeadLetters []deadLetterView   `json:"dead_letters"`
		Next        store.DeadLetterID `json:"next,omitempty"`
	}{1, []deadLetterView{}, next}
	for _, l := range found {
		answer.DeadLetters = append(answer.DeadLetters, letterView(l))
	}
	return answer, nil
}

func letterID(name, text string) (store.DeadLetterID, error) {
	id, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, badRequest("%s: write the id of a dead letter, not %q", name, text)
	}
	return store.DeadLetterID(id), nil
}

func (s *Server) deadLetter(c *call) (any, error) {
	id, err := letterID("id", c.PathValue("id"))
	if err != nil {
		return nil, err
	}
	if id > 0 {
		found, _, err := s.c.Engine.DeadLetters(c.Context(), engine.LetterFilter{}, id-1, 1)
		if err != nil {
			return nil, err
		}
		if len(found) == 1 && found[0].ID == id {
			return struct {
				Version int `json:"version"`
				deadLetterView
			}{1, letterView(found[0])}, nil
		}
	}
	return nil, notFound("there is no dead letter %d, or not any more", id)
}

// maxLetters is how many dead letters one request may move.
const maxLetters = 1000

// lettersNamed reads the ids that a request names.
func (c *call) lettersNamed() ([]store.DeadLetterID, error) {
	var body struct {
		IDs []store.DeadLetterID `json:"ids"`
	}
	if err := json.Unmarshal(c.body, &body); err != nil {
		return nil, badRequest(`write {"ids":[1,2]}: %v`, err)
	}
	if len(body.IDs) == 0 || len(body.IDs) > maxLetters {
		return nil, badRequest("ids: name 1 to %d dead letters", maxLetters)
	}
	return body.IDs, nil
}

func (s *Server) redrive(c *call) (any, error) {
	ids, err := c.lettersNamed()
	if err != nil {
		return nil, err
	}
	n, err := s.c.Engine.Redrive(c.Context(), ids)
	return map[string]any{"version": 1, "redriven": n}, err
}

func (s *Server) purge(c *call) (any, error) {
	ids, err := c.lettersNamed()
	if err != nil {
		return nil, err
	}
	n, err := s.c.Engine.Purge(c.Context(), ids)
	return map[string]any{"version": 1, "purged": n}, err
}

// time reads a time of the query; zero where there is none.
func (c *call) time(name string) (time.Time, error) {
	text := c.URL.Query().Get(name)
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, badRequest("%s: write a time like 2026-01-02T15:04:05Z, not %q", name, text)
	}
	return t, nil
}
