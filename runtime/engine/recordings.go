package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tocsin-engine/tocsin/runtime/sandbox/recording"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// Recordings stand in the state: for each target those of the last failed deliveries, and
// in a space of their own those of the others where the target records, so that these do
// not push those out. Each space is bounded, and nothing stays longer than dead letters do.
const (
	failedSpace    = "recordings/failed/"
	recordedSpace  = "recordings/all/"
	keepFailed     = 100
	keepRecorded   = 1000
	keepRecordings = 8 << 20 // bytes of each space
)

var recordingSpaces = []string{failedSpace, recordedSpace}

// recordings knows what stands in the spaces, oldest first. Where several processes write
// into one table, each knows its own and what it found, and time removes the rest.
type recordings struct {
	mu      sync.Mutex
	shelves map[string]*shelf
}

type shelf struct {
	most  int
	items []shelved
	bytes int
}

type shelved struct {
	key  string
	size int
}

// shared is what stands under a delivery's id when its call had several: the recording has
// a key of its own.
type shared struct {
	Call string `json:"call"`
}

// Recorded keeps the recording of a call: for its deliveries that failed, and for the
// others where the target records.
func (e *Engine) Recorded(ctx context.Context, r *recording.Recording) {
	var failed, fine []string
	for _, record := range r.Records {
		if r.End.Fault != "" || slices.ContainsFunc(r.End.Failures, func(f abi.Failure) bool { return f.ID == record.ID }) {
			failed = append(failed, record.ID)
		} else {
			fine = append(fine, record.ID)
		}
	}
	text, err := r.Encode()
	if err == nil {
		err = e.shelve(ctx, failedSpace+r.Target, keepFailed, failed, text)
	}
	if t := e.rules.Load().targets[r.Target]; err == nil && t != nil && t.def.Record {
		err = e.shelve(ctx, recordedSpace+r.Target, keepRecorded, fine, text)
	}
	if err != nil && ctx.Err() == nil {
		e.log.Warn("the recording of a call could not be kept", "target", r.Target, "delivery", r.Delivery, "error", err)
	}
}

// shelve writes a recording under the ids of deliveries, the first of them if there are
// very many, and removes what there is no room for any more.
func (e *Engine) shelve(ctx context.Context, space string, most int, ids []string, text []byte) error {
	if len(ids) == 0 {
		return nil
	}
	ids = ids[:min(len(ids), most-1)]
	values := map[string][]byte{ids[0]: text}
	order := ids
	if len(ids) > 1 {
		call := "call " + ids[0] + " " + e.config.NewID()
		link, err := json.Marshal(shared{call})
		if err != nil {
			return err
		}
		values, order = map[string][]byte{call: text}, append(ids[:len(ids):len(ids)], call) // it goes after what names it
		for _, id := range ids {
			values[id] = link
		}
	}
	surplus, err := e.makeRoom(ctx, space, most, order, values)
	if err != nil {
		return err
	}
	now := e.config.Now()
	var swaps []store.Swap
	for _, key := range order {
		swaps = append(swaps, store.Swap{Space: space, Key: key, Value: values[key], Version: store.AnyVersion, Expires: now.Add(e.config.Keep)})
	}
	for _, key := range surplus {
		swaps = append(swaps, store.Swap{Space: space, Key: key, Delete: true, Version: store.AnyVersion})
	}
	for chunk := range slices.Chunk(swaps, store.MaxSwaps) {
		if _, err := e.config.Store.Apply(ctx, now, chunk...); err != nil {
			return err
		}
	}
	return nil
}

// makeRoom notes keys that are about to be written and returns those to remove for them.
func (e *Engine) makeRoom(ctx context.Context, space string, most int, order []string, values map[string][]byte) ([]string, error) {
	rs := &e.recorded
	rs.mu.Lock()
	defer rs.mu.Unlock()
	s := rs.shelves[space]
	if s == nil {
		s = &shelf{most: most}
		if err := e.findShelved(ctx, space, s); err != nil {
			return nil, err
		}
		if rs.shelves == nil {
			rs.shelves = map[string]*shelf{}
		}
		rs.shelves[space] = s
	}
	for _, key := range order {
		s.add(shelved{key, len(values[key])})
	}
	return s.surplus(), nil
}

// findShelved reads what an earlier process kept.
func (e *Engine) findShelved(ctx context.Context, space string, s *shelf) error {
	items, err := e.config.Store.Scan(ctx, space, "", "", e.config.Now(), 2*s.most)
	if err != nil {
		return fmt.Errorf("engine: recordings: %w", err)
	}
	slices.SortStableFunc(items, func(a, b store.Item) int { return a.Expires.Compare(b.Expires) })
	for _, i := range items {
		s.add(shelved{i.Key, len(i.Value)})
	}
	return nil
}

func (s *shelf) add(item shelved) {
	if at := slices.IndexFunc(s.items, func(i shelved) bool { return i.key == item.key }); at >= 0 {
		s.bytes -= s.items[at].size
		s.items = slices.Delete(s.items, at, at+1)
	}
	s.items = append(s.items, item)
	s.bytes += item.size
}

// surplus takes out the oldest items that are over the bounds.
func (s *shelf) surplus() (keys []string) {
	for len(s.items) > s.most || s.bytes > keepRecordings {
		keys = append(keys, s.items[0].key)
		s.bytes -= s.items[0].size
		s.items = slices.Delete(s.items, 0, 1)
	}
	return keys
}

// Recording finds the recording of a delivery, or of the only delivery of an event that
// failed, or that was recorded. Where there is none, others are the event's deliveries of
// which it could be.
func (e *Engine) Recording(ctx context.Context, id string) (text []byte, others []string, err error) {
	text, err = e.recordingOf(ctx, targetOf(id), id)
	for _, space := range recordingSpaces {
		if text != nil || len(others) > 0 || err != nil {
			break
		}
		others, err = e.recordedIn(ctx, space, id)
	}
	if len(others) != 1 || err != nil {
		return text, others, err
	}
	text, err = e.recordingOf(ctx, targetOf(others[0]), others[0])
	return text, nil, err
}

// recordedIn are the deliveries of an event that have a recording, in their order.
func (e *Engine) recordedIn(ctx context.Context, space, event string) ([]string, error) {
	var found []string
	for target := range e.rules.Load().targets {
		items, err := e.config.Store.Scan(ctx, space+target, event+"/", "", e.config.Now(), keepFailed)
		if err != nil {
			return nil, fmt.Errorf("engine: recordings: %w", err)
		}
		for _, i := range items {
			found = append(found, i.Key)
		}
	}
	slices.Sort(found)
	return found, nil
}

// targetOf is the last part of a delivery's id.
func targetOf(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

// recordingOf is the last recording of a delivery to a target, nil if there is none.
func (e *Engine) recordingOf(ctx context.Context, target, id string) ([]byte, error) {
	var last store.Item
	for _, space := range recordingSpaces {
		item, found, err := e.shelved(ctx, space+target, id)
		if err != nil {
			return nil, fmt.Errorf("engine: recordings: %w", err)
		}
		if found && item.Expires.After(last.Expires) {
			last = item
		}
	}
	return recording.Plain(last.Value)
}

func (e *Engine) isRecorded(ctx context.Context, target, id string) (bool, error) {
	for _, space := range recordingSpaces {
		if _, found, err := e.config.Store.Get(ctx, space+target, id, e.config.Now()); found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// shelved reads what stands under a key, or where that says.
func (e *Engine) shelved(ctx context.Context, space, key string) (store.Item, bool, error) {
	item, found, err := e.config.Store.Get(ctx, space, key, e.config.Now())
	var link shared
	if err != nil || !found || json.Unmarshal(item.Value, &link) != nil || link.Call == "" {
		return item, found, err
	}
	return e.config.Store.Get(ctx, space, link.Call, e.config.Now())
}
