package memory

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// log holds the entries. An entry is open while a target has yet to read it or a retry
// needs it; closed ones stay for Lookup until their room is wanted.
type log struct {
	entries map[store.Seq]*entry
	last    store.Seq
	byID    map[string][]store.Seq
	closed  []store.Seq // in the order they closed; may name entries opened again
	keys    map[string]key
	expiry  expiries[string]
	bytes   int64
}

type entry struct {
	store.Entry
	open int
}

// key is an idempotency key: whose it is and until when.
type key struct {
	id      string
	expires time.Time
}

func newLog() log {
	return log{entries: map[store.Seq]*entry{}, byID: map[string][]store.Seq{}, keys: map[string]key{}}
}

// Append commits the batch or nothing; see store.Log.
func (s *Store) Append(ctx context.Context, b store.Batch) (store.Receipt, error) {
	if err := s.enter(ctx); err != nil {
		return store.Receipt{}, err
	}
	defer s.mu.Unlock()
	s.log.expire(b.Now)
	r, fresh := s.log.duplicates(b)
	if fresh < len(b.Entries) && len(b.Swaps) > 0 {
		return r, store.ErrDuplicate
	}
	if err := s.state.check(b.Now, b.Swaps, s.config.StateBytes); err != nil {
		return store.Receipt{}, err
	}
	if !s.log.makeRoom(need(b.Entries, r), s.config.LogBytes) {
		return store.Receipt{}, store.ErrFull
	}
	r.Versions = s.state.write(b.Swaps)
	for i, e := range b.Entries {
		if r.FirstIDs[i] == "" {
			r.Seqs[i] = s.add(e)
		}
	}
	return r, nil
}

// duplicates finds the batch's entries that were appended before and counts the rest.
func (l *log) duplicates(b store.Batch) (r store.Receipt, fresh int) {
	r = store.Receipt{Seqs: make([]store.Seq, len(b.Entries)), FirstIDs: make([]string, len(b.Entries))}
	inBatch := map[string]string{}
	for i, e := range b.Entries {
		if e.Key != "" {
			if first, ok := l.keys[e.Key]; ok {
				r.FirstIDs[i] = first.id
			} else if first, ok := inBatch[e.Key]; ok {
				r.FirstIDs[i] = first
			}
			inBatch[e.Key] = e.ID
		}
		if r.FirstIDs[i] == "" {
			fresh++
		}
	}
	return r, fresh
}

// need is the room that a batch's new entries take.
func need(entries []store.Entry, r store.Receipt) int64 {
	var n int64
	for i, e := range entries {
		if r.FirstIDs[i] == "" {
			n += size(e) + keySize(e.Key)
		}
	}
	return n
}

// add puts one entry at the log's end and before the targets that want it.
func (s *Store) add(e store.Entry) store.Seq {
	l := &s.log
	l.last++
	e.Seq = l.last
	kept := &entry{Entry: e}
	for i, p := range e.Pairs {
		if slices.ContainsFunc(e.Pairs[:i], func(q store.Pair) bool { return q.Target == p.Target }) {
			continue
		}
		lane := s.lane(p.Target)
		lane.unread = append(lane.unread, e.Seq)
		kept.open++
	}
	l.entries[e.Seq] = kept
	l.byID[e.ID] = append(l.byID[e.ID], e.Seq)
	l.bytes += size(e)
	if kept.open == 0 {
		l.closed = append(l.closed, e.Seq)
	}
	if e.Key != "" {
		l.keys[e.Key] = key{e.ID, e.KeyExpires}
		l.expiry.add(e.Key, e.KeyExpires)
		l.bytes += keySize(e.Key)
	}
	return e.Seq
}

// release lets go of an entry once; what nobody holds any more may be dropped.
func (l *log) release(seq store.Seq) {
	e := l.entries[seq]
	if e.open--; e.open == 0 {
		l.closed = append(l.closed, seq)
	}
}

// makeRoom drops closed entries, those that closed first first, until need fits.
func (l *log) makeRoom(need, limit int64) bool {
	for l.bytes+need > limit && len(l.closed) > 0 {
		l.dropClosed()
	}
	return l.bytes+need <= limit
}

// dropClosed drops the entry that closed first, unless it was opened again.
func (l *log) dropClosed() {
	seq := l.closed[0]
	l.closed = l.closed[1:]
	if e := l.entries[seq]; e != nil && e.open == 0 {
		l.drop(e)
	}
}

func (l *log) drop(e *entry) {
	delete(l.entries, e.Seq)
	l.bytes -= size(e.Entry)
	rest := slices.DeleteFunc(l.byID[e.ID], func(s store.Seq) bool { return s == e.Seq })
	if len(rest) == 0 {
		delete(l.byID, e.ID)
		return
	}
	l.byID[e.ID] = rest
}

// expire forgets the idempotency keys that ended by now.
func (l *log) expire(now time.Time) {
	for name := range l.expiry.due(now) {
		delete(l.keys, name)
		l.bytes -= keySize(name)
	}
}

// Read returns what target has yet to read after a place; see store.Log.
func (s *Store) Read(ctx context.Context, target string, after store.Seq, n int) ([]store.Entry, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	l := s.lanes[target]
	if l == nil {
		return nil, nil
	}
	from, found := slices.BinarySearch(l.unread, after)
	if found {
		from++
	}
	var out []store.Entry
	for _, seq := range l.unread[from:min(len(l.unread), from+n)] {
		out = append(out, s.log.entries[seq].Entry)
	}
	return out, nil
}

// Seek finds the place before the first entry received at or after a time.
func (s *Store) Seek(ctx context.Context, at time.Time) (store.Seq, error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.mu.Unlock()
	first := s.log.last + 1
	for seq, e := range s.log.entries {
		if !e.Received.Before(at) {
			first = min(first, seq)
		}
	}
	return first - 1, nil
}

// Lookup finds the newest entry of an event id.
func (s *Store) Lookup(ctx context.Context, id string) (store.Entry, bool, error) {
	if err := s.enter(ctx); err != nil {
		return store.Entry{}, false, err
	}
	defer s.mu.Unlock()
	seqs := s.log.byID[id]
	if len(seqs) == 0 {
		return store.Entry{}, false, nil
	}
	return s.log.entries[seqs[len(seqs)-1]].Entry, true, nil
}

// Trim drops closed entries and dead letters from before a time.
func (s *Store) Trim(ctx context.Context, before time.Time) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for _, e := range s.log.entries {
		if e.open == 0 && e.Received.Before(before) {
			s.log.drop(e)
		}
	}
	s.dead.trim(before)
	return nil
}

// size is what an entry costs, its share of the indexes roughly counted.
func size(e store.Entry) int64 {
	n := 256 + len(e.ID) + len(e.Raw) + len(e.Bus)
	for _, p := range e.Pairs {
		n += 48 + len(p.Rule) + len(p.Target)
	}
	return int64(n)
}

// keySize is what an idempotency key costs until it expires, entry or no entry.
func keySize(key string) int64 {
	if key == "" {
		return 0
	}
	return int64(160 + 2*len(key))
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
