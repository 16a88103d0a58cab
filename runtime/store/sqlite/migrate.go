package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// migrate turns a store of schema 1 or 2, where bus.db held the events too, into two
// files. Renaming the new bus.db over the old one is the moment at which it has happened:
// what breaks off before is begun again, and a program that knows only the old schema
// refuses what comes after.
func (s *Store) migrate() error {
	path := filepath.Join(s.dir, File)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	old, err := connect(setup{path: path, vfs: s.vfs, pageSize: statePage, cache: s.cache})
	if err != nil {
		return nil //nolint:nilerr // what cannot be opened is for openState
	}
	have, err := old.number("PRAGMA user_version")
	if err != nil || have < 1 || have > 2 {
		_ = old.close() // what is wrong with it is for openState
		return nil
	}
	s.log.Info("the data directory is brought to a new schema", "from", have, "to", stateVersion)
	m := migration{s: s, old: old, have: have, targets: map[int64]string{}}
	if err := errors.Join(m.events(), m.state()); err != nil {
		return errors.Join(fmt.Errorf("migrate from schema %d: %w", have, err), old.close())
	}
	if err := old.close(); err != nil { // moves its write-ahead log into the file
		return err
	}
	if err := errors.Join(removeIfThere(path+"-wal"), removeIfThere(path+"-shm")); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return syncDir(s.dir)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// upgrade brings a file of events of the first version to this one: a row of wants was
// for one place, and a row of keys for one key.
func (s *Store) upgrade(g *segment) error {
	if have, err := fileVersion(g.path); err != nil || have != 1 {
		return err
	}
	c, err := connectWriter(s.eventsSetup(g.path), eventsSchema, eventsVersion)
	if err == nil {
		err = errors.Join(c.upgrade(), c.close())
	}
	if err == nil || isFull(err) {
		return err
	}
	return s.mend(g, err) // what can be read goes into a new file
}

func (c *conn) upgrade() error {
	err := c.script("BEGIN IMMEDIATE; ALTER TABLE wants ADD COLUMN run INTEGER NOT NULL DEFAULT 0; PRAGMA user_version = 2")
	if err == nil {
		err = c.joinKeys()
	}
	if err == nil {
		err = c.script("COMMIT")
	}
	return err
}

// fileVersion is the version that stands in a file's header, 0 in one that has none.
func fileVersion(path string) (uint32, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var header [64]byte
	if _, err := io.ReadFull(f, header[:]); err != nil {
		return 0, nil //nolint:nilerr // what it lacks is for whoever reads it
	}
	return binary.BigEndian.Uint32(header[60:]), nil
}

// migration copies the tables of an old schema. Its rows are numbered by target, and their
// checksums covered less.
type migration struct {
	s       *Store
	old     *conn
	have    int64            // the schema
	targets map[int64]string // by number
}

// events makes the file of events.
func (m *migration) events() error {
	if err := os.RemoveAll(filepath.Join(m.s.dir, Folder)); err != nil { // of a migration that broke off
		return err
	}
	if err := os.Mkdir(filepath.Join(m.s.dir, Folder), 0o700); err != nil {
		return err
	}
	first, err := m.old.number("SELECT min(seq) FROM entries")
	if err != nil || first == 0 {
		return err
	}
	received, err := m.old.number("SELECT max(received) FROM entries")
	if err != nil {
		return err
	}
	g := m.s.newSegment(store.Seq(first), timeOf(received).Truncate(time.Hour))
	c, err := connectWriter(m.s.eventsSetup(g.path), eventsSchema, eventsVersion)
	if err != nil {
		return err
	}
	err = c.script("BEGIN IMMEDIATE")
	for _, copied := range [...]func(*conn) error{m.copyTargets, m.copyEntries, m.copyKeys} {
		if err == nil {
			err = copied(c)
		}
	}
	if err == nil {
		err = c.script("COMMIT")
	}
	return errors.Join(err, c.close(), syncDir(filepath.Dir(g.path)))
}

func (m *migration) copyTargets(c *conn) error {
	err := m.old.query("SELECT tid, name FROM targets", nil, func(r *sqlite3.Stmt) error {
		m.targets[r.ColumnInt64(0)] = r.ColumnText(1)
		return copyRow(c, table{name: "targets", columns: "tid, name"}, r)
	})
	if err != nil {
		return err
	}
	return m.old.query("SELECT tid, seq FROM wants", nil, func(r *sqlite3.Stmt) error {
		return copyRow(c, table{name: "wants", columns: "tid, seq"}, r)
	})
}

func (m *migration) copyEntries(c *conn) error {
	return m.old.query("SELECT "+entryColumns+" FROM entries e ORDER BY seq", nil, func(r *sqlite3.Stmt) error {
		e, _ := scanEntry(r, 0)
		if oldSum([]byte(e.ID), []byte(e.Bus), r.ColumnRawBlob(6), e.Raw) != r.ColumnInt64(2) {
			m.s.report("an event in the log is damaged", "file", File, "place", e.Seq)
			e.Raw = nil
		}
		return c.insertEntry(e.Seq, e)
	})
}

func (m *migration) copyKeys(c *conn) error {
	var until int64
	err := m.old.query("SELECT key, id, expires FROM keys", nil, func(r *sqlite3.Stmt) error {
		until = max(until, r.ColumnInt64(2))
		if r.ColumnInt64(2) == 0 {
			until = never
		}
		return copyRow(c, table{name: "keys", columns: "key, id, expires"}, r)
	})
	if err == nil {
		err = c.joinKeys()
	}
	if err != nil {
		return err
	}
	return c.exec("INSERT INTO meta (name, value) VALUES ('keys_until', ?)", until)
}

// state makes the new bus.db beside the old one.
func (m *migration) state() error {
	o := m.s.stateSetup()
	o.path += ".new"
	if err := removeDatabase(o.path); err != nil {
		return err
	}
	c, err := connectWriter(o, stateSchema, stateVersion)
	if err != nil {
		return err
	}
	err = c.script("BEGIN IMMEDIATE")
	for _, copied := range [...]func(*conn) error{m.copyCursors, m.copyRetries, m.copyDead, m.copyState} {
		if err == nil {
			err = copied(c)
		}
	}
	if err == nil {
		err = c.script("COMMIT")
	}
	return errors.Join(err, c.close())
}

func (m *migration) copyCursors(c *conn) error {
	err := m.old.query("SELECT tid, name, cursor FROM targets", nil, func(r *sqlite3.Stmt) error {
		name, at := r.ColumnText(1), r.ColumnInt64(2)
		m.targets[r.ColumnInt64(0)] = name
		return c.exec("INSERT INTO targets (name, cursor, crc) VALUES (?, ?, ?)", name, at, cursorSum(name, store.Seq(at)))
	})
	if err != nil {
		return err
	}
	seq, err := m.old.number("SELECT max(seq) FROM sqlite_sequence WHERE name = 'entries'")
	if err != nil {
		return err
	}
	if err := c.exec("INSERT INTO counters (name, value) VALUES ('seq', ?)", seq); err != nil {
		return err
	}
	return m.old.query("SELECT name, value FROM counters", nil, func(r *sqlite3.Stmt) error {
		return copyRow(c, table{name: "counters", columns: "name, value"}, r)
	})
}

func (m *migration) copyRetries(c *conn) error {
	order := "order_key, held"
	if m.have == 1 {
		order = "'', 0"
	}
	return m.old.query("SELECT tid, seq, rule, due, dying, crc, body, "+order+" FROM retries", nil, func(r *sqlite3.Stmt) error {
		target, id := m.targets[r.ColumnInt64(0)], store.RetryID{Seq: store.Seq(r.ColumnInt64(1)), Rule: r.ColumnText(2)}
		due, body := r.ColumnInt64(3), r.ColumnBlob(6, []byte{})
		crc := retrySum(target, id, due, body)
		if oldSum(body) != r.ColumnInt64(5) {
			crc++ // stays damaged
		}
		return c.exec("INSERT INTO retries (target, seq, rule, order_key, held, due, dying, crc, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			target, int64(id.Seq), id.Rule, r.ColumnText(7), r.ColumnInt64(8), due, r.ColumnInt64(4), crc, body)
	})
}

func (m *migration) copyDead(c *conn) error {
	return m.old.query("SELECT id, tid, seq, died, crc, body FROM dead", nil, func(r *sqlite3.Stmt) error {
		target, seq, died, body := m.targets[r.ColumnInt64(1)], store.Seq(r.ColumnInt64(2)), r.ColumnInt64(3), r.ColumnBlob(5, []byte{})
		crc := deadSum(target, seq, died, body)
		if oldSum(body) != r.ColumnInt64(4) {
			crc++ // stays damaged
		}
		return c.exec("INSERT INTO dead (id, target, seq, died, crc, body) VALUES (?, ?, ?, ?, ?, ?)",
			r.ColumnInt64(0), target, int64(seq), died, crc, body)
	})
}

func (m *migration) copyState(c *conn) error {
	return m.old.query("SELECT space, key, version, expires, crc, value FROM state", nil, func(r *sqlite3.Stmt) error {
		space, key, version, expires, value := r.ColumnText(0), r.ColumnBlob(1, []byte{}), r.ColumnInt64(2), r.ColumnInt64(3), r.ColumnBlob(5, []byte{})
		crc := itemSum(space, key, value, uint64(version), expires)
		if oldSum([]byte(space), key, value) != r.ColumnInt64(4) {
			crc++ // stays damaged
		}
		return c.exec("INSERT INTO state (space, key, version, expires, crc, value) VALUES (?, ?, ?, ?, ?, ?)",
			space, key, version, expires, crc, value)
	})
}
