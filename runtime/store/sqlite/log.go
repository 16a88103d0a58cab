package sqlite

import (
	"context"
	"slices"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// Append commits the batch or nothing; see store.Log.
func (s *Store) Append(ctx context.Context, b store.Batch) (store.Receipt, error) {
	if err := checkSwaps(b.Swaps); err != nil {
		return store.Receipt{}, err
	}
	var r store.Receipt
	err := s.commit(ctx, &op{grows: true, appends: true, do: func(t *tx) (err error) {
		r, err = t.append(b)
		return err
	}})
	return r, err
}

func (t *tx) append(b store.Batch) (r store.Receipt, err error) {
	r = store.Receipt{Seqs: make([]store.Seq, len(b.Entries)), FirstIDs: make([]string, len(b.Entries))}
	if len(b.Swaps) > 0 {
		if err := t.duplicates(b, r.FirstIDs); err != nil {
			return r, err
		}
	}
	if err := t.check(b.Now, b.Swaps); err != nil {
		return store.Receipt{}, err
	}
	if len(b.Entries)+len(b.Swaps) == 0 {
		return r, nil
	}
	if err := t.beginEvents(b.Now); err != nil {
		return r, err
	}
	if r.Versions, err = t.swapInLog(b.Swaps); err != nil {
		return r, err
	}
	if err := t.claim(b.Entries, b.Now, r.FirstIDs); err != nil {
		return r, err
	}
	for i, e := range b.Entries {
		if r.FirstIDs[i] == "" {
			if r.Seqs[i], err = t.add(e); err != nil {
				return r, err
			}
		}
	}
	return r, nil
}

// add writes an entry at the log's end.
func (t *tx) add(e store.Entry) (store.Seq, error) {
	t.w.seq++
	seq := t.w.seq
	if err := t.w.events.insertEntry(seq, e); err != nil {
		return 0, err
	}
	for i, p := range e.Pairs {
		if slices.ContainsFunc(e.Pairs[:i], func(q store.Pair) bool { return q.Target == p.Target }) {
			continue
		}
		tid, err := t.tid(p.Target)
		if err == nil {
			err = t.want(tid, seq)
		}
		if err != nil {
			return 0, err
		}
		t.newest[p.Target] = seq
	}
	e.Seq = seq
	e.Key, e.KeyExpires = "", time.Time{} // a reader has no use for them
	t.entries = append(t.entries, e)
	return seq, nil
}

// tid is a target's number in the file that is written, given at its first use.
func (t *tx) tid(name string) (int64, error) {
	if tid, ok := t.w.tids[name]; ok {
		return tid, nil
	}
	if tid, ok := t.tids[name]; ok {
		return tid, nil
	}
	if err := t.w.events.exec("INSERT INTO targets (name) VALUES (?)", name); err != nil {
		return 0, err
	}
	t.tids[name] = t.w.events.db.LastInsertRowID()
	return t.tids[name], nil
}

// entryOf is the sum over an entry's columns.
func entryOf(seq store.Seq, received int64, hops int, id, bus string, pairs, raw []byte) int64 {
	return int64(sum(0).int(int64(seq)).int(received).int(int64(hops)).text(id).text(bus).bytes(pairs).bytes(raw))
}

// insertEntry binds by hand: this is the one statement that every event pays for.
func (c *conn) insertEntry(seq store.Seq, e store.Entry) error {
	s, err := c.prepare("INSERT INTO entries (seq, received, chunk, hash, crc, hops, id, bus, pairs, raw) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	defer s.Reset()
	pairs := encodePairs(e.Pairs)
	for i, n := range [...]int64{int64(seq), nanos(e.Received), int64(seq >> chunkBits), hashOf(e.ID),
		entryOf(seq, nanos(e.Received), e.Hops, e.ID, e.Bus, pairs, e.Raw), int64(e.Hops)} {
		if err := s.BindInt64(i+1, n); err != nil {
			return err
		}
	}
	for i, text := range [...]string{e.ID, e.Bus} {
		if err := s.BindText(i+7, text); err != nil {
			return err
		}
	}
	for i, blob := range [...][]byte{pairs, e.Raw} {
		if err := s.BindBlob(i+9, blob); err != nil {
			return err
		}
	}
	s.Step()
	return c.failed(s.Err())
}

// entryColumns are an entry's, as scanEntry reads them.
const entryColumns = "e.seq, e.received, e.crc, e.hops, e.id, e.bus, e.pairs, e.raw"

// scanEntry reads the entry that stands in a row from a column on; ok is false for one
// whose bytes are not those that were written.
func scanEntry(r *sqlite3.Stmt, col int) (e store.Entry, ok bool) {
	e = store.Entry{
		Seq: store.Seq(r.ColumnInt64(col)), Received: timeOf(r.ColumnInt64(col + 1)), Hops: r.ColumnInt(col + 3),
		ID: r.ColumnText(col + 4), Bus: r.ColumnText(col + 5), Raw: r.ColumnBlob(col+7, nil),
	}
	pairs := r.ColumnRawBlob(col + 6)
	var err error
	e.Pairs, err = readPairs(pairs)
	return e, err == nil && entryOf(e.Seq, r.ColumnInt64(col+1), e.Hops, e.ID, e.Bus, pairs, e.Raw) == r.ColumnInt64(col+2)
}

// damagedEntry is what a target gets for an entry whose bytes are lost: what it would be
// delivered as is not known, so it becomes a dead letter and no wrong event.
func (s *Store) damagedEntry(g *segment, seq store.Seq, target string) store.Entry {
	s.report("an event in the log is damaged", "file", g.name(), "place", seq, "target", target)
	return store.Entry{Seq: seq, ID: "damaged-" + placeText(seq), Bus: "default", Pairs: []store.Pair{{Target: target}}}
}

// Read returns what target has yet to read after a place; see store.Log.
func (s *Store) Read(ctx context.Context, name string, after store.Seq, n int) ([]store.Entry, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	if out, ok := s.recent.read(name, after, n); ok {
		return out, nil
	}
	var out []store.Entry
	for _, g := range s.all() {
		if len(out) == n || !g.wanted(name, after) {
			continue
		}
		more, err := s.readSegment(ctx, g, name, after, n-len(out))
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

// entryAt reads one entry; found is false if the log does not hold it any more.
func (s *Store) entryAt(ctx context.Context, seq store.Seq, target string) (e store.Entry, found bool, err error) {
	g := s.holding(seq)
	if g == nil {
		return e, false, nil
	}
	err = s.inSegment(ctx, g, func(c *conn) (err error) {
		found, err = c.one("SELECT "+entryColumns+" FROM entries e WHERE e.seq = ?", []any{int64(seq)}, func(r *sqlite3.Stmt) {
			var ok bool
			if e, ok = scanEntry(r, 0); !ok {
				e = s.damagedEntry(g, seq, target)
			}
		})
		return err
	})
	return e, found, err
}

// Lookup finds the newest entry of an event id.
func (s *Store) Lookup(ctx context.Context, id string) (e store.Entry, found bool, err error) {
	if err := s.enter(ctx); err != nil {
		return e, false, err
	}
	for _, g := range slices.Backward(s.all()) {
		err = s.inSegment(ctx, g, func(c *conn) (err error) {
			for chunk := g.end() >> chunkBits; chunk >= g.first>>chunkBits && !found && err == nil; chunk-- {
				found, err = c.one("SELECT "+entryColumns+" FROM entries e WHERE e.chunk = ? AND e.hash = ? AND e.id = ? ORDER BY e.seq DESC LIMIT 1",
					[]any{int64(chunk), hashOf(id), id}, func(r *sqlite3.Stmt) {
						var ok bool
						if e, ok = scanEntry(r, 0); !ok {
							e.Raw = nil
						}
					})
				if chunk == 0 {
					break
				}
			}
			return err
		})
		if found || err != nil {
			return e, found, err
		}
	}
	return e, false, nil
}

// Seek finds the place before the first entry received at or after a time. Whole files
// are passed over by the hour in which the next one was begun.
func (s *Store) Seek(ctx context.Context, at time.Time) (store.Seq, error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	segments := s.all()
	var before store.Seq
	for i, g := range segments {
		before = g.end()
		if i+1 < len(segments) && !segments[i+1].hour.After(at) {
			continue
		}
		var first int64
		err := s.inSegment(ctx, g, func(c *conn) (err error) {
			first, err = c.number("SELECT seq FROM entries WHERE received >= ? ORDER BY seq LIMIT 1", nanos(at))
			return err
		})
		if err != nil {
			return 0, err
		}
		if first > 0 {
			return store.Seq(first) - 1, nil
		}
	}
	return before, nil
}
