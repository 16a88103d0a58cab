package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// File is the database of everything but events, in the data directory.
const File = "bus.db"

// Config tunes a store. The zero value is ready for production.
type Config struct {
	// Cache is the page cache of each writing connection in bytes. Default: 32 MiB.
	Cache int64
	// Recent is how many bytes of the newest events are kept in memory for targets that
	// keep up. Default: 16 MiB.
	Recent int
	// Log gets what a person must know: damage, a full disk, the end. Default: nothing.
	Log hclog.Logger

	// vfs is the file system that SQLite goes through. Default: the machine's.
	vfs string
}

// Store keeps everything in the files of one directory. Make one with Open.
type Store struct {
	dir, vfs string
	cache    int64
	log      hclog.Logger
	lock     *os.File
	room     *room
	recent   recent
	// writer has the only connections that write.
	writer *writer
	state  *readers

	// ops are for the writer's goroutine, settles for the one beside it.
	ops, settles chan *op
	mends        chan *mendOp

	quit   chan struct{}
	ended  chan struct{}  // closed when the writer has stopped
	dirty  chan struct{}  // holds a token when settlements are in memory only
	beside sync.WaitGroup // keepSynced and keepScrubbed
	closed sync.Once

	mu       sync.RWMutex
	cursors  map[string]store.Seq // committed
	segments []*segment           // oldest first

	entries, dead          atomic.Int64
	damaged, setAsideFiles atomic.Uint64

	failed   chan struct{}
	failure  error // set before failed is closed
	failOnce sync.Once
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
	if c.Recent == 0 {
		c.Recent = 16 << 20
	}
	if c.Log == nil {
		c.Log = hclog.NewNullLogger()
	}
	if c.vfs == "" {
		registerMachine()
		c.vfs = machine
	}
	s := &Store{
		dir: dir, vfs: c.vfs, cache: c.Cache, log: c.Log.Named("store"), room: newRoom(dir), recent: recent{limit: c.Recent},
		writer: &writer{}, cursors: map[string]store.Seq{},
		ops: make(chan *op, 1024), settles: make(chan *op, 1024), mends: make(chan *mendOp), quit: make(chan struct{}), ended: make(chan struct{}),
		dirty: make(chan struct{}, 1), failed: make(chan struct{}),
	}
	if err := s.open(ctx); err != nil {
		return nil, fmt.Errorf("sqlite: %s: %w", dir, errors.Join(err, s.release()))
	}
	go s.run()
	s.beside.Go(s.keepSynced)
	s.beside.Go(s.keepScrubbed)
	return s, nil
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

// Close finishes what was begun and closes the files.
func (s *Store) Close() error {
	var err error
	s.closed.Do(func() {
		close(s.quit)
		<-s.ended
		s.beside.Wait()
		err = s.release()
	})
	return err
}

// release closes what is open.
func (s *Store) release() error {
	var errs []error
	for _, g := range s.segments {
		errs = append(errs, g.reader().close())
	}
	if s.state != nil {
		errs = append(errs, s.state.close())
	}
	for _, c := range [...]*conn{s.writer.events, s.writer.state} {
		if c != nil {
			errs = append(errs, c.close())
		}
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
