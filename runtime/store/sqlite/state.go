package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// ErrDamaged means that a value's bytes have changed on the disk.
var ErrDamaged = errors.New("sqlite: a stored value is damaged")

// Get returns one value.
func (s *Store) Get(ctx context.Context, space, key string, now time.Time) (store.Item, bool, error) {
	if err := s.enter(ctx); err != nil {
		return store.Item{}, false, err
	}
	items, err := s.readItems(ctx, space, `SELECT key, version, expires, crc, value FROM state
		WHERE space = ? AND key = ? AND (expires = 0 OR expires > ?)`, space, []byte(key), nanos(now))
	if err != nil || len(items) == 0 {
		return store.Item{}, false, err
	}
	return items[0], true, nil
}

// Scan returns items of a space in key order.
func (s *Store) Scan(ctx context.Context, space, prefix, after string, now time.Time, n int) ([]store.Item, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	query := "SELECT key, version, expires, crc, value FROM state WHERE space = ? AND (expires = 0 OR expires > ?) AND key > ? AND key >= ?"
	args := []any{space, nanos(now), []byte(after), []byte(prefix)}
	if end := prefixEnd(prefix); end != nil {
		query += " AND key < ?"
		args = append(args, end)
	}
	return s.readItems(ctx, space, query+" ORDER BY key LIMIT ?", append(args, n)...)
}

// prefixEnd is the first key after all that begin with prefix; nil if there is none.
func prefixEnd(prefix string) []byte {
	end := []byte(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i] < 0xff {
			end[i]++
			return end[:i+1]
		}
	}
	return nil
}

func (s *Store) readItems(ctx context.Context, space, query string, args ...any) (out []store.Item, err error) {
	err = s.inState(ctx, func(c *conn) error {
		return c.query(query, args, func(r *sqlite3.Stmt) error {
			item := store.Item{Key: r.ColumnText(0), Version: uint64(r.ColumnInt64(1)), Expires: timeOf(r.ColumnInt64(2)), Value: r.ColumnBlob(4, []byte{})}
			if itemSum(space, []byte(item.Key), item.Value, item.Version, nanos(item.Expires)) != r.ColumnInt64(3) {
				s.report("a stored value is damaged", "file", File, "space", space, "key", item.Key)
				return fmt.Errorf("%w: %q in %q", ErrDamaged, item.Key, space)
			}
			out = append(out, item)
			return nil
		})
	})
	return out, err
}

func itemSum(space string, key, value []byte, version uint64, expires int64) int64 {
	return int64(sum(0).text(space).bytes(key).bytes(value).int(int64(version)).int(expires))
}

// Apply commits all swaps or none.
func (s *Store) Apply(ctx context.Context, now time.Time, swaps ...store.Swap) ([]uint64, error) {
	if err := checkSwaps(swaps); err != nil {
		return nil, err
	}
	var versions []uint64
	grows := slices.ContainsFunc(swaps, func(w store.Swap) bool { return !w.Delete && w.Version == 0 })
	err := s.commit(ctx, &op{durable: true, grows: grows, do: func(t *tx) (err error) {
		if err = t.check(now, swaps); err == nil {
			versions, err = t.swap(swaps)
		}
		return err
	}})
	return versions, err
}

// checkSwaps refuses what no store can commit, before it reaches the writer.
func checkSwaps(swaps []store.Swap) error {
	if len(swaps) > store.MaxSwaps {
		return fmt.Errorf("sqlite: %d swaps in one commit, at most %d", len(swaps), store.MaxSwaps)
	}
	seen := make(map[[2]string]bool, len(swaps))
	for _, w := range swaps {
		at := [2]string{w.Space, w.Key}
		if seen[at] {
			return fmt.Errorf("sqlite: two swaps of %q in %q in one commit", w.Key, w.Space)
		}
		seen[at] = true
	}
	return nil
}

// check says whether the swaps may be written.
func (t *tx) check(now time.Time, swaps []store.Swap) error {
	if len(swaps) == 0 {
		return nil
	}
	if err := t.beginState(); err != nil {
		return err
	}
	for _, w := range swaps {
		if w.Version == store.AnyVersion {
			continue
		}
		have, err := t.w.state.number("SELECT version FROM state WHERE space = ? AND key = ? AND (expires = 0 OR expires > ?)",
			w.Space, []byte(w.Key), nanos(now))
		if err != nil {
			return err
		}
		if uint64(have) != w.Version {
			return store.ErrConflict
		}
	}
	return t.expire(now)
}

// expire drops some of what has expired; the next commits drop the rest.
func (t *tx) expire(now time.Time) error {
	return t.w.state.exec(`DELETE FROM state WHERE (space, key) IN
		(SELECT space, key FROM state WHERE expires > 0 AND expires <= ? LIMIT 100)`, nanos(now))
}

// swap does what check allowed.
func (t *tx) swap(swaps []store.Swap) ([]uint64, error) {
	versions := make([]uint64, len(swaps))
	for i, w := range swaps {
		var err error
		if !w.Delete {
			if versions[i], err = t.nextVersion(); err != nil {
				return nil, err
			}
		}
		if err := t.putState(w.Space, []byte(w.Key), w.Value, versions[i], nanos(w.Expires)); err != nil {
			return nil, err
		}
	}
	return versions, nil
}

// putState writes a value, or removes it if the version is 0.
func (t *tx) putState(space string, key, value []byte, version uint64, expires int64) error {
	if version == 0 {
		return t.w.state.exec("DELETE FROM state WHERE space = ? AND key = ?", space, key)
	}
	return t.w.state.exec("INSERT OR REPLACE INTO state (space, key, version, expires, crc, value) VALUES (?, ?, ?, ?, ?, ?)",
		space, key, version, expires, itemSum(space, key, value, version, expires), value)
}

// reserve is how many versions the file is told of at once.
const reserve = 1 << 20

// nextVersion counts. What is in the file is ahead of every version ever given, so that
// none comes back after a crash or a removal.
func (t *tx) nextVersion() (uint64, error) {
	t.w.version++
	if t.w.version <= max(t.w.limit, t.limit) {
		return t.w.version, nil
	}
	t.limit = t.w.version + reserve
	return t.w.version, t.w.state.exec("INSERT OR REPLACE INTO counters (name, value) VALUES ('version', ?)", t.limit)
}
