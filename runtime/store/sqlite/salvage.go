package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// DamagedFolder is where files that cannot be read any more are set aside.
const DamagedFolder = "damaged"

// A damaged file is copied row by row into a new one, which takes its place. What was on
// the pages that are lost is told, and an event among it becomes a dead letter of each
// target that wanted it. The damaged file itself is set aside for a person to look at.

// openDamaged opens as much of a file as can be opened. Without its first page nothing
// can be found; but every file of a schema has the same one, so it is taken from a new
// file.
func openDamaged(o setup, schema string, version int) (*conn, error) {
	o.readOnly = true
	var c *conn
	err := checkHeader(o)
	if err == nil {
		c, err = connect(o)
	}
	if err == nil {
		var have int64
		if have, err = c.number("PRAGMA user_version"); err == nil && have > int64(version) {
			err = newerError{have, version}
		}
		if err == nil {
			_, err = c.number("SELECT count(*) FROM sqlite_schema")
		}
		if err == nil {
			return c, nil
		}
		_ = c.close() // it may not be able to tidy up
	}
	if !isDamage(err) {
		return nil, err
	}
	if err := transplant(o, schema, version); err != nil {
		return nil, err
	}
	o.path += ".mended"
	return connect(o)
}

// transplant copies a file and gives the copy the first page of a new one.
func transplant(o setup, schema string, version int) error {
	fresh := o
	fresh.path, fresh.readOnly = o.path+".fresh", false
	defer removeDatabase(fresh.path)
	c, err := connectWriter(fresh, schema, version)
	if err != nil {
		return err
	}
	if err := c.close(); err != nil { // moves everything into the file
		return err
	}
	b, err := os.ReadFile(o.path)
	if err != nil {
		return err
	}
	page, err := os.ReadFile(fresh.path)
	if err != nil {
		return err
	}
	if len(b) < o.pageSize {
		return &fileError{o.path, sqlite3.IOERR_DATA}
	}
	page = page[:o.pageSize]
	binary.BigEndian.PutUint32(page[28:], uint32(len(b)/o.pageSize))
	copy(page[92:96], page[24:28]) // the size in the header counts
	sum := pageSum(page)
	copy(page[o.pageSize-8:], sum[:])
	copy(b, page)
	log, err := os.ReadFile(o.path + "-wal")
	if err == nil {
		err = os.WriteFile(o.path+".mended-wal", log, 0o600)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.WriteFile(o.path+".mended", b, 0o600)
}

// setAside moves a file out of the way.
func (s *Store) setAside(path string) error {
	folder := filepath.Join(s.dir, DamagedFolder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	to := filepath.Join(folder, filepath.Base(path))
	for n := 2; ; n++ {
		if _, err := os.Stat(to); errors.Is(err, fs.ErrNotExist) {
			break
		}
		to = filepath.Join(folder, fmt.Sprintf("%s-%d", filepath.Base(path), n))
	}
	if err := os.Rename(path, to); err != nil {
		return err
	}
	if err := os.Rename(path+"-wal", to+"-wal"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	s.setAsideFiles.Add(1)
	return errors.Join(removeDatabase(path), syncDir(folder))
}

// replace copies what can be read of a damaged file into a new one and swaps the two.
func (s *Store) replace(o setup, schema string, version int, cause error, copyAll func(old, fresh *conn) error) error {
	s.report("a file is damaged; what can be read of it is kept", "file", filepath.Base(o.path), "error", cause)
	made := o
	made.path = o.path + ".new"
	if err := removeDatabase(made.path); err != nil {
		return err
	}
	fresh, err := connectWriter(made, schema, version)
	if err != nil {
		return err
	}
	err = fresh.script("BEGIN IMMEDIATE")
	old, openErr := openDamaged(o, schema, version)
	switch {
	case openErr == nil:
		err = errors.Join(err, copyAll(old, fresh), removeDatabase(o.path+".mended"))
		_ = old.close() // it may not be able to tidy up
	case isDamage(openErr):
		s.report("nothing of a file can be read", "file", filepath.Base(o.path), "error", openErr)
	default:
		err = errors.Join(err, openErr)
	}
	err = errors.Join(err, fresh.script("COMMIT"), fresh.close())
	if err == nil {
		err = s.setAside(o.path)
	}
	if err == nil {
		err = os.Rename(made.path, o.path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(o.path))
	}
	return err
}

// table is one to copy: its columns in the order of its key.
type table struct{ name, columns, order string }

// copyRows copies a table, from its beginning to the damage, and from its end to it.
func (s *Store) copyRows(old, fresh *conn, t table) error {
	whole := false
	for _, direction := range [...]string{"", " DESC"} {
		order := strings.ReplaceAll(t.order, ",", direction+",") + direction
		err := old.query("SELECT "+t.columns+" FROM "+t.name+" ORDER BY "+order, nil, func(r *sqlite3.Stmt) error {
			err := copyRow(fresh, t, r)
			if errors.Is(err, sqlite3.CONSTRAINT) { // no row that we wrote
				s.report("a row of a damaged file is lost", "file", filepath.Base(old.path), "table", t.name)
				return nil
			}
			return err
		})
		if err == nil {
			whole = true
			break
		}
		if !isDamage(err) {
			return err
		}
	}
	if !whole {
		s.report("rows of a damaged file are lost", "file", filepath.Base(old.path), "table", t.name)
	}
	return nil
}

func copyRow(fresh *conn, t table, r *sqlite3.Stmt) error {
	args := make([]any, r.ColumnCount())
	marks := ""
	for i := range args {
		marks += ", ?"
		switch r.ColumnType(i) {
		case sqlite3.INTEGER:
			args[i] = r.ColumnInt64(i)
		case sqlite3.TEXT:
			args[i] = r.ColumnText(i)
		default:
			args[i] = r.ColumnBlob(i, []byte{})
		}
	}
	return fresh.exec("INSERT OR IGNORE INTO "+t.name+" ("+t.columns+") VALUES ("+marks[2:]+")", args...)
}

// stateTables are those of bus.db, but for what it says of files of events: they are read
// again, for a target that is not among the unread ones any more would miss the rest.
var stateTables = []table{
	{"targets", "name, cursor, crc", "name"},
	{"retries", "target, seq, rule, order_key, held, due, dying, crc, body", "target, seq, rule"},
	{"dead", "id, target, seq, died, crc, body", "id"},
	{"state", "space, key, version, expires, crc, value", "space, key"},
	{"counters", "name, value", "name"},
}

// salvageState mends bus.db.
func (s *Store) salvageState(cause error) error {
	return s.replace(s.stateSetup(), stateSchema, stateVersion, cause, func(old, fresh *conn) error {
		for _, t := range stateTables {
			if err := s.copyRows(old, fresh, t); err != nil {
				return err
			}
		}
		return nil
	})
}

// salvageSegment mends a file of events.
func (s *Store) salvageSegment(g *segment, cause error) error {
	return s.replace(s.eventsSetup(g.path), eventsSchema, eventsVersion, cause, func(old, fresh *conn) error {
		c := salvage{s: s, old: old, fresh: fresh, tids: map[string]int64{}, run: "run"}
		if have, err := old.number("PRAGMA user_version"); err == nil && have == 1 {
			c.run = "0"
		}
		for _, t := range []table{
			{"targets", "tid, name", "tid"}, {"keys", "key, id, expires", "key"},
			{"redo", "n, crc, body", "n"}, {"meta", "name, value", "name"},
		} {
			if err := s.copyRows(old, fresh, t); err != nil {
				return err
			}
		}
		return c.entries(g.first, g.end())
	})
}

// salvage is the copying of one file of events.
type salvage struct {
	s          *Store
	old, fresh *conn
	tids       map[string]int64
	oldTids    map[string]int64
	lost       int
	// run is the column of wants, which files of the first version do not have.
	run string
}

// maxMisses is after how many places without an entry the end is taken for reached, where
// the last place is not known.
const maxMisses = 20_000

const allEntryColumns = "seq, received, chunk, hash, crc, hops, id, bus, pairs, raw"

// entries copies the entries in their order and steps over what cannot be read; last is
// the last place that the file may hold, or less than first if that is not known.
func (c *salvage) entries(first, last store.Seq) error {
	err := c.fresh.query("SELECT name, tid FROM targets", nil, func(r *sqlite3.Stmt) error {
		c.tids[r.ColumnText(0)] = r.ColumnInt64(1)
		return nil
	})
	if err != nil {
		return err
	}
	c.oldTids = maps.Clone(c.tids)
	if n, err := c.old.number("SELECT max(seq) FROM entries"); err == nil {
		last = max(last, store.Seq(n))
	}
	if last < first {
		last = 0
	}
	at := first - 1
	for {
		err := c.old.query("SELECT "+allEntryColumns+" FROM entries WHERE seq > ? ORDER BY seq", []any{int64(at)}, func(r *sqlite3.Stmt) error {
			at = store.Seq(r.ColumnInt64(0))
			return c.entry(r)
		})
		if err == nil {
			break
		}
		if !isDamage(err) {
			return err
		}
		next, err := c.stepOver(at, last)
		if err != nil {
			return err
		}
		if next == 0 {
			break
		}
		at = next
	}
	if c.lost > 0 {
		c.s.report("events of a damaged file are lost", "file", filepath.Base(c.old.path), "events", c.lost)
	}
	return nil
}

// stepOver asks for one place after the other until one can be read.
func (c *salvage) stepOver(at, last store.Seq) (store.Seq, error) {
	var missing []store.Seq
	for seq := at + 1; seq <= last || last == 0 && len(missing) < maxMisses; seq++ {
		found, err := c.old.one("SELECT "+allEntryColumns+" FROM entries WHERE seq = ?", []any{int64(seq)}, func(r *sqlite3.Stmt) {
			err := c.entry(r)
			if err != nil {
				c.s.log.Error("an event could not be copied", "place", seq, "error", err)
			}
		})
		if err != nil && !isDamage(err) {
			return 0, err
		}
		if found {
			return seq, c.missing(missing)
		}
		missing = append(missing, seq)
	}
	if last == 0 {
		return 0, nil // beyond the end
	}
	return 0, c.missing(missing)
}

// entry copies one, and makes its pairs anew.
func (c *salvage) entry(r *sqlite3.Stmt) error {
	err := copyRow(c.fresh, table{"entries", allEntryColumns, "seq"}, r)
	if errors.Is(err, sqlite3.CONSTRAINT) { // no row that we wrote
		return c.missing([]store.Seq{store.Seq(r.ColumnInt64(0))})
	}
	if err != nil {
		return err
	}
	pairs, err := readPairs(r.ColumnRawBlob(8))
	if err != nil {
		return c.missing([]store.Seq{store.Seq(r.ColumnInt64(0))})
	}
	for _, p := range pairs {
		if err := c.want(p.Target, store.Seq(r.ColumnInt64(0))); err != nil {
			return err
		}
	}
	return nil
}

func (c *salvage) want(target string, seq store.Seq) error {
	tid, ok := c.tids[target]
	if !ok {
		if err := c.fresh.exec("INSERT INTO targets (name) VALUES (?)", target); err != nil {
			return err
		}
		tid = c.fresh.db.LastInsertRowID()
		c.tids[target] = tid
	}
	return c.fresh.exec("INSERT OR IGNORE INTO wants (tid, seq) VALUES (?, ?)", tid, int64(seq))
}

// missing puts entries that are lost before the targets that wanted them, as far as the
// index still says which; where it does not, before all.
func (c *salvage) missing(seqs []store.Seq) error {
	c.lost += len(seqs)
	for _, seq := range seqs {
		for _, target := range slices.Sorted(maps.Keys(c.tids)) {
			wanted, err := c.wanted(target, seq)
			if err == nil && wanted {
				err = c.want(target, seq)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// wanted says whether a target may have wanted an entry.
func (c *salvage) wanted(target string, seq store.Seq) (bool, error) {
	tid, known := c.oldTids[target]
	if !known {
		return true, nil
	}
	found := false
	_, err := c.old.one("SELECT seq - "+c.run+" FROM wants WHERE tid = ? AND seq >= ? ORDER BY seq LIMIT 1", []any{tid, int64(seq)},
		func(r *sqlite3.Stmt) { found = store.Seq(r.ColumnInt64(0)) <= seq })
	if isDamage(err) {
		return true, nil
	}
	return found, err
}
