package sqlite

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// The keys of one request differ only in the number after their last slash. They come
// together and are asked for together, so they stand in one row: the key without the
// number, and the holder of each number.

// holder is the event that has a key.
type holder struct {
	Number  string `json:"n,omitempty"`
	ID      string `json:"id"`
	Expires int64  `json:"x,omitempty"` // 0 for never
}

// splitKey cuts a key before a number of up to four digits; any other key is a row of its own.
func splitKey(key string) (row, number string) {
	slash := strings.LastIndexByte(key, '/')
	if slash < 0 || len(key)-slash-1 > 4 || strings.Trim(key[slash+1:], "0123456789") != "" {
		return key, ""
	}
	return key[:slash+1], key[slash+1:]
}

// readHolders reads a row. In files of the first version a row was for one key.
func readHolders(text string, expires int64) (out []holder) {
	if json.Unmarshal([]byte(text), &out) != nil {
		return []holder{{ID: text, Expires: expires}}
	}
	return out
}

// claim gives entries their keys, and says for each whose key another event has, which.
func (t *tx) claim(entries []store.Entry, now time.Time, firstIDs []string) error {
	for len(entries) > 0 {
		row, _ := splitKey(entries[0].Key)
		n := 1
		for n < len(entries) {
			if next, _ := splitKey(entries[n].Key); next != row {
				break
			}
			n++
		}
		if row != "" {
			if err := t.claimRow(row, entries[:n], now, firstIDs[:n]); err != nil {
				return err
			}
		}
		entries, firstIDs = entries[n:], firstIDs[n:]
	}
	return nil
}

// claimRow is claim for the keys of one row.
func (t *tx) claimRow(row string, entries []store.Entry, now time.Time, firstIDs []string) error {
	var before []holder
	for _, g := range t.s.segments { // only the writer changes the list
		if g != t.w.segment {
			held, err := t.holders(g, row, now)
			if err != nil {
				return err
			}
			before = append(before, held...)
		}
	}
	added := unheld(entries, before, firstIDs)
	if len(added) == 0 {
		return nil
	}
	if err := t.w.events.putHolders("INSERT INTO keys (key, id, expires) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING", row, added); err != nil {
		return err
	}
	if t.w.events.db.Changes() == 0 {
		held, err := t.holders(t.w.segment, row, now)
		if err != nil {
			return err
		}
		if added = unheld(entries, append(before, held...), firstIDs); len(added) == 0 {
			return nil
		}
		if err := t.w.events.putHolders("UPDATE keys SET id = ?2, expires = ?3 WHERE key = ?1", row, append(held, added...)); err != nil {
			return err
		}
	}
	for _, h := range added {
		if err := t.noteKey(h.Expires); err != nil {
			return err
		}
	}
	return nil
}

// unheld makes holders of the entries whose key nobody holds, and names the holder of
// each of the others.
func unheld(entries []store.Entry, held []holder, firstIDs []string) (added []holder) {
	for i, e := range entries {
		_, number := splitKey(e.Key)
		firstIDs[i] = ""
		for _, list := range [...][]holder{held, added} {
			if h := slices.IndexFunc(list, func(h holder) bool { return h.Number == number }); h >= 0 {
				firstIDs[i] = list[h].ID
			}
		}
		if firstIDs[i] == "" {
			added = append(added, holder{number, e.ID, nanos(e.KeyExpires)})
		}
	}
	return added
}

// putHolders writes a row with a statement; what it says of the expiry is that of the last.
func (c *conn) putHolders(statement, row string, holders []holder) error {
	text, err := json.Marshal(holders)
	if err != nil {
		return err
	}
	last := int64(0)
	for _, h := range holders {
		if h.Expires == 0 {
			last = never
		}
		last = max(last, h.Expires)
	}
	return c.exec(statement, row, string(text), last)
}

// holders are those of a row in a file whose keys have not expired.
func (t *tx) holders(g *segment, row string, now time.Time) (held []holder, err error) {
	until := g.keysUntil
	if g == t.w.segment {
		until = max(until, t.keysUntil)
	}
	if until <= nanos(now) {
		return nil, nil
	}
	find := func(c *conn) error {
		held = nil
		_, err := c.one("SELECT id, expires FROM keys WHERE key = ?", []any{row}, func(r *sqlite3.Stmt) {
			held = readHolders(r.ColumnText(0), r.ColumnInt64(1))
		})
		return err
	}
	if g == t.w.segment {
		err = find(t.w.events)
	} else {
		err = g.reader().with(context.Background(), find)
	}
	return slices.DeleteFunc(held, func(h holder) bool { return h.Expires != 0 && h.Expires <= nanos(now) }), err
}

// duplicates finds the entries that were appended before, for a batch that must not have
// any: it is refused before it has changed anything.
func (t *tx) duplicates(b store.Batch, firstIDs []string) error {
	var inBatch []store.Entry
	refused := false
	for i, e := range b.Entries {
		if e.Key == "" {
			continue
		}
		row, number := splitKey(e.Key)
		for _, g := range t.s.segments {
			held, err := t.holders(g, row, b.Now)
			if err != nil {
				return err
			}
			for _, h := range held {
				if h.Number == number {
					firstIDs[i] = h.ID
				}
			}
		}
		if same := slices.IndexFunc(inBatch, func(other store.Entry) bool { return other.Key == e.Key }); same >= 0 {
			firstIDs[i] = inBatch[same].ID
		}
		inBatch = append(inBatch, e)
		refused = refused || firstIDs[i] != ""
	}
	if refused {
		return store.ErrDuplicate
	}
	return nil
}

// never is the keysUntil of a file with a key that does not expire.
const never = 1<<63 - 1

// keysSlack is how far ahead the file's record of its last key is: it need not be
// written for each of them.
const keysSlack = 5 * time.Minute

// noteKey notes when a key expires that the file holds.
func (t *tx) noteKey(until int64) error {
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

// joinKeys brings the keys of a file of the first version, which had a row for each of
// them, into rows of requests.
func (c *conn) joinKeys() error {
	rows := map[string][]holder{}
	err := c.query("SELECT key, id, expires FROM keys", nil, func(r *sqlite3.Stmt) error {
		row, number := splitKey(r.ColumnText(0))
		rows[row] = append(rows[row], holder{number, r.ColumnText(1), r.ColumnInt64(2)})
		return nil
	})
	if err == nil {
		err = c.exec("DELETE FROM keys")
	}
	for row, holders := range rows {
		if err == nil {
			err = c.putHolders("INSERT INTO keys (key, id, expires) VALUES (?, ?, ?)", row, holders)
		}
	}
	return err
}
