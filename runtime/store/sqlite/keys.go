package sqlite

import (
	"context"
	"slices"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// duplicates finds the entries that were appended before, for a batch that must not have
// any: it is refused before it has changed anything.
func (t *tx) duplicates(b store.Batch, firstIDs []string) (err error) {
	inBatch := map[string]string{}
	refused := false
	for i, e := range b.Entries {
		if e.Key == "" {
			continue
		}
		firstIDs[i] = inBatch[e.Key]
		for _, g := range slices.Backward(t.s.segments) {
			if firstIDs[i] == "" && err == nil {
				firstIDs[i], err = t.firstIn(g, e.Key, b.Now)
			}
		}
		if err != nil {
			return err
		}
		refused = refused || firstIDs[i] != ""
		inBatch[e.Key] = e.ID
	}
	if refused {
		return store.ErrDuplicate
	}
	return nil
}

// claim gives an entry its key, or says which event has it now.
func (t *tx) claim(e store.Entry, now time.Time) (first string, err error) {
	for _, g := range slices.Backward(t.s.segments) { // only the writer changes the list
		if g != t.w.segment && first == "" && err == nil {
			first, err = t.firstIn(g, e.Key, now)
		}
	}
	if first != "" || err != nil {
		return first, err
	}
	err = t.w.events.exec(`INSERT INTO keys (key, id, expires) VALUES (?1, ?2, ?3)
		ON CONFLICT (key) DO UPDATE SET id = ?2, expires = ?3 WHERE expires <> 0 AND expires <= ?4`, e.Key, e.ID, nanos(e.KeyExpires), nanos(now))
	if err != nil {
		return "", err
	}
	if t.w.events.db.Changes() == 0 {
		return t.firstIn(t.w.segment, e.Key, now)
	}
	return "", t.noteKey(e.KeyExpires)
}

// firstIn is the id of the event that has a key now in a file, "" if none has.
func (t *tx) firstIn(g *segment, key string, now time.Time) (id string, err error) {
	until := g.keysUntil
	if g == t.w.segment {
		until = max(until, t.keysUntil)
	}
	if until != never && until <= nanos(now) {
		return "", nil
	}
	find := func(c *conn) (err error) {
		_, err = c.one("SELECT id FROM keys WHERE key = ? AND (expires = 0 OR expires > ?)", []any{key, nanos(now)},
			func(r *sqlite3.Stmt) { id = r.ColumnText(0) })
		return err
	}
	if g == t.w.segment {
		err = find(t.w.events)
	} else {
		err = g.reader().with(context.Background(), find)
	}
	return id, err
}

// never is the keysUntil of a file with a key that does not expire.
const never = 1<<63 - 1

// keysSlack is how far ahead the file's record of its last key is: it need not be
// written for each of them.
const keysSlack = 5 * time.Minute

// noteKey notes when a key expires that the file holds.
func (t *tx) noteKey(expires time.Time) error {
	until := nanos(expires)
	if until == 0 {
		until = never
	}
	if until <= max(t.w.segment.keysUntil, t.keysUntil) {
		return nil
	}
	if until != never {
		until += int64(keysSlack)
	}
	t.keysUntil = until
	return t.w.events.exec("INSERT OR REPLACE INTO meta (name, value) VALUES ('keys_until', ?)", until)
}
