package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// conn is a connection with its prepared statements. One goroutine uses it at a time.
type conn struct {
	path  string
	db    *sqlite3.Conn
	stmts map[string]*sqlite3.Stmt
	// lazy says that a commit does not wait for the disk.
	lazy bool
	// walBytes is how large the write-ahead log was after the last commit.
	walBytes int
}

// setup is what a connection needs to know of its file.
type setup struct {
	path string
	// vfs names the file system that SQLite goes through.
	vfs      string
	pageSize int
	cache    int64
	readOnly bool
	// gathers says that every commit is synchronous; see gathered.
	gathers bool
}

// busyTimeout is how long a connection waits for another one's lock.
const busyTimeout = 10 * time.Second

// connect opens a file. Every page of a file that we made ends with a checksum, which is
// verified when the page is read.
func connect(o setup) (*conn, error) {
	pragmas := []string{fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()), fmt.Sprintf("page_size(%d)", o.pageSize),
		fmt.Sprintf("cache_size(-%d)", o.cache>>10), "temp_store(MEMORY)"}
	if o.readOnly {
		pragmas = append(pragmas, "query_only(1)")
	}
	q := url.Values{"_pragma": pragmas, "vfs": {o.vfs}}
	if o.gathers {
		q.Set(gathers, "1")
	}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: o.path}).EscapedPath(), RawQuery: q.Encode()}
	db, err := sqlite3.Open(u.String())
	if err != nil {
		return nil, &fileError{o.path, err}
	}
	return &conn{path: o.path, db: db, stmts: map[string]*sqlite3.Stmt{}}, nil
}

// connectWriter opens a file to write to it, and makes it if it is not there.
func connectWriter(o setup, schema string, version int) (*conn, error) {
	if _, err := os.Stat(o.path); errors.Is(err, fs.ErrNotExist) {
		if err := create(o, schema, version); err != nil {
			return nil, err
		}
	}
	if err := checkHeader(o); err != nil {
		return nil, err
	}
	c, err := connect(o)
	if err != nil {
		return nil, err
	}
	have, err := c.number("PRAGMA user_version")
	if err == nil && have > int64(version) {
		err = newerError{have, version}
	}
	if err == nil {
		err = c.script("PRAGMA synchronous = FULL")
	}
	if err == nil {
		err = ownFiles(o.path)
	}
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	c.db.WALHook(func(_ *sqlite3.Conn, _ string, pages int) error { // instead of automatic checkpoints
		c.walBytes = pages * o.pageSize
		return nil
	})
	return c, nil
}

// create makes an empty file of a schema. It gets its name when it is whole.
func create(o setup, schema string, version int) error {
	path := o.path
	o.path += ".begun"
	if err := removeDatabase(o.path); err != nil {
		return err
	}
	c, err := connect(o)
	if err != nil {
		return err
	}
	err = c.failed(c.db.EnableChecksums("main"))
	if err == nil {
		err = c.script("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE;" + schema +
			fmt.Sprintf("PRAGMA user_version = %d; COMMIT;", version))
	}
	if err := errors.Join(err, c.close()); err != nil {
		return err
	}
	if err := os.Rename(o.path, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// checkHeader looks at what SQLite believes of a file before it verifies anything: how
// large a page is, and that it ends with a checksum.
func checkHeader(o setup) error {
	f, err := os.Open(o.path)
	if err != nil {
		return err
	}
	defer f.Close()
	var have [21]byte
	if _, err := io.ReadFull(f, have[:]); err != nil {
		return &fileError{o.path, sqlite3.NOTADB}
	}
	if string(have[:16]) != "SQLite format 3\x00" || int(have[16])<<8|int(have[17]) != o.pageSize || have[20] != checksumBytes {
		return &fileError{o.path, sqlite3.NOTADB}
	}
	return nil
}

// checksumBytes is what SQLite leaves free at the end of each page.
const checksumBytes = 8

// ownFiles takes from everybody else what SQLite lets them read.
func ownFiles(path string) error {
	for _, suffix := range [...]string{"", "-wal", "-shm"} {
		if err := os.Chmod(path+suffix, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// newerError is a file of a newer program. It is refused and never set aside.
type newerError struct {
	have  int64
	knows int
}

func (e newerError) Error() string {
	return fmt.Sprintf("it was written by a newer tocsin (schema %d, this one knows %d); run that one, or name another data directory", e.have, e.knows)
}

func (c *conn) close() error {
	for _, s := range c.stmts {
		_ = s.Close() // says what its last step said
	}
	return c.db.Close()
}

// script runs statements that give no rows and are needed once.
func (c *conn) script(text string) error { return c.failed(c.db.Exec(text)) }

// fileError says which file an error is of.
type fileError struct {
	path string
	err  error
}

func (e *fileError) Error() string {
	var code sqlite3.ExtendedErrorCode
	if errors.As(e.err, &code) {
		return fmt.Sprintf("%s: %v (code %d)", filepath.Base(e.path), e.err, code)
	}
	return filepath.Base(e.path) + ": " + e.err.Error()
}

func (e *fileError) Unwrap() error { return e.err }

func (c *conn) failed(err error) error {
	if err == nil {
		return nil
	}
	return &fileError{c.path, err}
}

func (c *conn) prepare(text string) (*sqlite3.Stmt, error) {
	if s := c.stmts[text]; s != nil {
		return s, nil
	}
	s, _, err := c.db.PrepareFlags(text, sqlite3.PREPARE_PERSISTENT)
	if err != nil {
		return nil, c.failed(err)
	}
	c.stmts[text] = s
	return s, nil
}

// query runs a statement and calls row for each row that it gives.
func (c *conn) query(text string, args []any, row func(*sqlite3.Stmt) error) error {
	s, err := c.prepare(text)
	if err != nil {
		return err
	}
	defer s.Reset()
	for i, a := range args {
		if err := bind(s, i+1, a); err != nil {
			return c.failed(err)
		}
	}
	for s.Step() {
		if err := row(s); err != nil {
			return err
		}
	}
	return c.failed(s.Err())
}

func bind(s *sqlite3.Stmt, i int, value any) error {
	switch v := value.(type) {
	case int:
		return s.BindInt64(i, int64(v))
	case int64:
		return s.BindInt64(i, v)
	case uint64:
		return s.BindInt64(i, int64(v))
	case string:
		return s.BindText(i, v)
	case []byte:
		return s.BindBlob(i, v)
	}
	panic(fmt.Sprintf("BUG: a %T is bound", value))
}

func (c *conn) exec(text string, args ...any) error {
	return c.query(text, args, func(*sqlite3.Stmt) error { return nil })
}

// one runs a query and says whether there was a row; row is called with the first.
func (c *conn) one(text string, args []any, row func(*sqlite3.Stmt)) (found bool, err error) {
	err = c.query(text, args, func(s *sqlite3.Stmt) error {
		if !found {
			row(s)
		}
		found = true
		return nil
	})
	return found && err == nil, err
}

// number is the one number that a query gives; null is 0.
func (c *conn) number(text string, args ...any) (n int64, err error) {
	_, err = c.one(text, args, func(s *sqlite3.Stmt) { n = s.ColumnInt64(0) })
	return n, err
}

// wait sets whether commits wait for the disk.
func (c *conn) wait(disk bool) error {
	if c.lazy != disk {
		return nil
	}
	mode := "NORMAL"
	if disk {
		mode = "FULL"
	}
	if err := c.script("PRAGMA synchronous = " + mode); err != nil {
		return err
	}
	c.lazy = !disk
	return nil
}

// isFull says whether an error means that there is no room now: for a page, or for the
// index of a write-ahead log.
func isFull(err error) bool {
	return errors.Is(err, sqlite3.FULL) || errors.Is(err, sqlite3.IOERR_SHMSIZE)
}

// isDamage says whether an error means that a file is not what was written.
func isDamage(err error) bool {
	return errors.Is(err, sqlite3.IOERR_DATA) || errors.Is(err, sqlite3.IOERR_SHORT_READ) ||
		errors.Is(err, sqlite3.CORRUPT) || errors.Is(err, sqlite3.NOTADB)
}

// readers are connections that read one file.
type readers struct {
	setup setup
	slots chan struct{}

	mu     sync.Mutex
	idle   []*conn
	closed bool
}

// maxReaders is how many read one file at once.
const maxReaders = 4

func newReaders(o setup) *readers {
	o.readOnly = true
	return &readers{setup: o, slots: make(chan struct{}, maxReaders)}
}

// with calls f with a connection of its own.
func (r *readers) with(ctx context.Context, f func(*conn) error) (err error) {
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-r.slots }()
	c, err := r.take()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.give(c, err)) }()
	return f(c)
}

func (r *readers) take() (*conn, error) {
	r.mu.Lock()
	if n := len(r.idle); n > 0 {
		c := r.idle[n-1]
		r.idle = r.idle[:n-1]
		r.mu.Unlock()
		return c, nil
	}
	r.mu.Unlock()
	if err := checkHeader(r.setup); err != nil {
		return nil, err
	}
	return connect(r.setup)
}

// give takes a connection back. One that failed has pages that are not to be trusted.
func (r *readers) give(c *conn, failure error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || failure != nil {
		return c.close()
	}
	r.idle = append(r.idle, c)
	return nil
}

// rest closes the connections that nobody uses now.
func (r *readers) rest() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, c := range r.idle {
		errs = append(errs, c.close())
	}
	r.idle = nil
	return errors.Join(errs...)
}

// close closes all of them, those under way when they end.
func (r *readers) close() error {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	return r.rest()
}
