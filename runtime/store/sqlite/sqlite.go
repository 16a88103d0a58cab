package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/go-hclog"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// File is the database's name in the data directory.
const File = "bus.db"

// Config tunes a store. The zero value is ready for production.
type Config struct {
	// Cache is the page cache of each connection in bytes. Default: 32 MiB.
	Cache int64
	// MaxBytes bounds the file; beyond it senders are throttled. Default: the disk.
	MaxBytes int64
	// Log gets what a person must know: damaged rows, the end. Default: nothing.
	Log hclog.Logger
}

// Store keeps everything in one file. Make one with Open.
type Store struct {
	log   hclog.Logger
	lock  *os.File
	limit int64
	// writer is the only connection that writes, and only its goroutine uses it.
	writer *writer
	read   *sql.DB

	ops    chan *op
	quit   chan struct{}
	ended  chan struct{} // closed when the writer has stopped
	closed sync.Once

	mu      sync.RWMutex
	targets map[string]target
	entries atomic.Int64
	dead    atomic.Int64
	damaged atomic.Uint64

	failed   chan struct{}
	failure  error // set before failed is closed
	failOnce sync.Once
}

// target is a target's number and committed cursor.
type target struct {
	tid    int64
	cursor store.Seq
}

var _ store.Store = (*Store)(nil)

// Open opens or makes the store of a data directory. One process at a time may have it
// open. In AWS Lambda it is refused: the disk there is gone with the instance.
func Open(ctx context.Context, dir string, c Config) (*Store, error) {
	if os.Getenv("AWS_LAMBDA_FUNCTION_NAME") != "" {
		return nil, errors.New("sqlite: a Lambda function has no disk that lasts; name a store outside of it")
	}
	if c.Cache == 0 {
		c.Cache = 32 << 20
	}
	if c.Log == nil {
		c.Log = hclog.NewNullLogger()
	}
	s := &Store{
		log: c.Log.Named("store"), ops: make(chan *op, 1024), quit: make(chan struct{}),
		ended: make(chan struct{}), failed: make(chan struct{}), targets: map[string]target{},
	}
	if err := s.open(ctx, dir, c); err != nil {
		return nil, fmt.Errorf("sqlite: %s: %w", filepath.Join(dir, File), errors.Join(err, s.release()))
	}
	go s.run()
	return s, nil
}

func (s *Store) open(ctx context.Context, dir string, c Config) (err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if s.lock, err = lockDir(dir); err != nil {
		return err
	}
	path := filepath.Join(dir, File)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // SQLite would make it readable to all
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	s.limit = c.MaxBytes
	if s.writer, err = openWriter(ctx, path, c); err != nil {
		return err
	}
	if s.read, err = connect(path, c.Cache, "query_only(1)"); err != nil {
		return err
	}
	s.read.SetMaxOpenConns(4)
	s.read.SetMaxIdleConns(4)
	return s.recall(ctx)
}

// connect opens a pool of connections with the settings that all of them need.
func connect(path string, cache int64, pragmas ...string) (*sql.DB, error) {
	q := url.Values{"_pragma": append([]string{
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)",
		fmt.Sprintf("cache_size(-%d)", cache>>10), "wal_autocheckpoint(1000)", "temp_store(MEMORY)",
	}, pragmas...)}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}
	return sql.Open("sqlite", u.String())
}

// recall reads what is kept in memory too.
func (s *Store) recall(ctx context.Context) error {
	rows, err := s.read.QueryContext(ctx, "SELECT name, tid, cursor FROM targets")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var t target
		if err := rows.Scan(&name, &t.tid, &t.cursor); err != nil {
			return err
		}
		s.targets[name] = t
	}
	if err := rows.Err(); err != nil {
		return err
	}
	var entries, dead int64
	if err := s.read.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM entries), (SELECT count(*) FROM dead)").Scan(&entries, &dead); err != nil {
		return err
	}
	s.entries.Store(entries)
	s.dead.Store(dead)
	return nil
}

// Promises says that what was acknowledged is kept.
func (s *Store) Promises() store.Promises { return store.Promises{Kind: "sqlite", Durable: true} }

// Failed is closed when a commit has failed for good; Err says why. The process is to
// end then: a restart recovers what was acknowledged.
func (s *Store) Failed() <-chan struct{} { return s.failed }

// Err is why the store has failed, nil while it has not.
func (s *Store) Err() error {
	select {
	case <-s.failed:
		return s.failure
	default:
		return nil
	}
}

// Close finishes what was begun and closes the file.
func (s *Store) Close() error {
	var err error
	s.closed.Do(func() {
		close(s.quit)
		<-s.ended
		err = s.release()
	})
	return err
}

// release closes what is open.
func (s *Store) release() error {
	var errs []error
	if s.read != nil {
		errs = append(errs, s.read.Close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

// enter says why a read cannot be made.
func (s *Store) enter(ctx context.Context) error {
	select {
	case <-s.quit:
		return store.ErrClosed
	default:
		return ctx.Err()
	}
}
