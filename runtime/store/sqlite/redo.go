package sqlite

import (
	"encoding/json"
	"fmt"

	"github.com/ncruces/go-sqlite3"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// A batch of events may change the state in the same commit: an alarm's transition and
// its event are one. But events and state are in two files, and a power cut can come
// between two commits. So the change is written into the log too, in the transaction of
// its events, and is applied again at the next start if bus.db does not say that it has
// it. bus.db names the last number it has, in the transaction that applied it.

// redo is one batch's change of the state, as the log keeps it.
type redo struct {
	n     int64
	swaps []redoSwap
}

type redoSwap struct {
	Space   string `json:"space"`
	Key     []byte `json:"key"`
	Value   []byte `json:"value,omitempty"`
	Version uint64 `json:"version,omitempty"` // the new one; 0 removes
	Expires int64  `json:"expires,omitempty"`
}

// swapInLog changes the state, and writes the change beside the events.
func (t *tx) swapInLog(swaps []store.Swap) ([]uint64, error) {
	if len(swaps) == 0 {
		return nil, nil
	}
	versions, err := t.swap(swaps)
	if err != nil {
		return nil, err
	}
	t.w.redo++
	r := redo{n: t.w.redo}
	for i, w := range swaps {
		r.swaps = append(r.swaps, redoSwap{w.Space, []byte(w.Key), w.Value, versions[i], nanos(w.Expires)})
	}
	body, err := json.Marshal(r.swaps)
	if err != nil {
		return nil, err
	}
	t.redo = append(t.redo, r)
	if err := t.w.events.exec("INSERT INTO redo (n, crc, body) VALUES (?, ?, ?)", r.n, int64(sum(0).int(r.n).bytes(body)), body); err != nil {
		return nil, err
	}
	return versions, t.noteRedo(r.n)
}

func (t *tx) noteRedo(n int64) error {
	return t.w.state.exec("INSERT OR REPLACE INTO counters (name, value) VALUES ('redo', ?)", n)
}

// applyRedo makes changes that are in the log and not in bus.db.
func (t *tx) applyRedo(records []redo) error {
	for _, r := range records {
		for _, w := range r.swaps {
			if err := t.putState(w.Space, w.Key, w.Value, w.Version, w.Expires); err != nil {
				return err
			}
			t.w.version = max(t.w.version, w.Version)
		}
		if err := t.noteRedo(r.n); err != nil {
			return err
		}
	}
	return nil
}

// redone reads the records of a file from a number on.
func redone(c *conn, after int64) (out []redo, err error) {
	err = c.query("SELECT n, crc, body FROM redo WHERE n > ? ORDER BY n", []any{after}, func(r *sqlite3.Stmt) error {
		rec := redo{n: r.ColumnInt64(0)}
		body := r.ColumnRawBlob(2)
		if int64(sum(0).int(rec.n).bytes(body)) != r.ColumnInt64(1) {
			return fmt.Errorf("redo record %d: %w", rec.n, sqlite3.IOERR_DATA)
		}
		out = append(out, rec)
		return json.Unmarshal(body, &out[len(out)-1].swaps)
	})
	return out, err
}
