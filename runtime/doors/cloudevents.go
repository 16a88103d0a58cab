package doors

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/tocsin-engine/tocsin/ingest/cloudevents"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// CloudEvents takes CloudEvents over HTTP.
type CloudEvents struct {
	c Config
	*counters
}

var _ HTTP = (*CloudEvents)(nil)

// The counts of a CloudEvents door.
const (
	ceTaken = iota
	ceDuplicates
	ceRefused
	ceFailed
)

// NewCloudEvents makes the door.
func NewCloudEvents(c Config) *CloudEvents {
	return &CloudEvents{c, newCounters("events_taken", "events_duplicate", "events_refused", "requests_failed")}
}

// Routes are the one path.
func (d *CloudEvents) Routes() []Route {
	return []Route{{Path: "/cloudevents", MaxBody: 10 << 20}}
}

// ceResult is what became of one event of a batch.
type ceResult struct {
	Index     int      `json:"index"`
	ID        string   `json:"id,omitempty"`
	Duplicate bool     `json:"duplicate,omitempty"`
	Matched   []string `json:"matched,omitzero"`
	Error     *ceError `json:"error,omitempty"`
}

type ceError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Take answers a request. One event alone is answered without a body, as the senders of
// CloudEvents expect it; a batch with what became of each of its events.
func (d *CloudEvents) Take(ctx context.Context, r *Request) (*Response, error) {
	bus := event.DefaultBus
	if name := r.Query.Get("bus"); name != "" {
		bus = name
	}
	if !event.ValidBus(bus) {
		return nil, badRequest("bus: a bus is called by letters, digits and /.-_, not " + strconv.Quote(bus))
	}
	read, err := cloudevents.Read(r.Header, r.Body, d.c.defaults())
	if unsupported, ok := errors.AsType[*cloudevents.UnsupportedError](err); ok {
		return nil, &Error{Status: http.StatusUnsupportedMediaType, Code: "unsupported_media_type", Message: unsupported.Error()}
	}
	if err != nil {
		return nil, badRequest(err.Error())
	}
	results, err := d.put(ctx, r.AccessKey, bus, read)
	if err != nil {
		return nil, err
	}
	if kind := r.Header.Get("Content-Type"); !strings.HasPrefix(kind, cloudevents.Batch) {
		answer := response(http.StatusNoContent, "", nil)
		answer.Header.Set("x-tocsin-matched", strconv.Itoa(len(results[0].Matched)))
		return answer, nil
	}
	return batchAnswer(results)
}

// put hands the events to the engine. CloudEvents says what a duplicate is: an event with
// the source and id of one that came before.
func (d *CloudEvents) put(ctx context.Context, accessKey, bus string, read []cloudevents.Result) ([]ceResult, error) {
	results := make([]ceResult, len(read))
	var submissions []service.Submission
	var indexes []int
	for i, r := range read {
		results[i].Index = i
		if r.Err != nil {
			results[i].Error = &ceError{"bad_event", r.Err.Error()}
			continue
		}
		submissions = append(submissions, service.Submission{
			Event: r.Event.On(bus, 0), Key: "cloudevents/" + accessKey + "/" + bus + "/" + identity(r.Event),
		})
		indexes = append(indexes, i)
	}
	if len(submissions) > 0 {
		receipts, err := d.c.Engine.Put(ctx, submissions)
		if err != nil {
			return nil, err
		}
		for n, i := range indexes {
			results[i].ID, results[i].Duplicate, results[i].Matched = receipts[n].ID, receipts[n].Duplicate, receipts[n].Matched
			if receipts[n].Duplicate {
				d.add(ceDuplicates, 1)
			}
		}
	}
	d.add(ceTaken, len(submissions))
	d.add(ceRefused, len(read)-len(submissions))
	return results, nil
}

// identity is what makes an event the same: its source and id, hashed because both may be
// long.
func identity(ev event.Event) string {
	sum := sha256.Sum256([]byte(ev.Source + "\x00" + ev.ID))
	return hex.EncodeToString(sum[:16])
}

// batchAnswer is 200 if all were accepted, 207 if some were, 400 if none was.
func batchAnswer(results []ceResult) (*Response, error) {
	a := struct {
		Version  int        `json:"version"`
		Accepted int        `json:"accepted"`
		Failed   int        `json:"failed"`
		Events   []ceResult `json:"events"`
	}{Version: 1, Events: results}
	for _, r := range results {
		if r.Error != nil {
			a.Failed++
		}
	}
	a.Accepted = len(results) - a.Failed
	status := http.StatusOK
	switch {
	case a.Failed > 0 && a.Accepted > 0:
		status = http.StatusMultiStatus
	case a.Failed > 0:
		status = http.StatusBadRequest
	}
	body, err := json.Marshal(a)
	return response(status, "application/json", append(body, '\n')), err
}

// Refuse writes an error as the server's own API does.
func (d *CloudEvents) Refuse(_ *Request, e *Error) *Response {
	d.add(ceFailed, 1)
	body, _ := json.Marshal(map[string]ceError{"error": {e.Code, e.Message}}) // texts: it cannot fail
	return response(e.Status, "application/json", append(body, '\n'))
}
