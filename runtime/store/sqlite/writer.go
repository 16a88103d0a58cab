package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"strings"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// pageSize is SQLite's default.
const pageSize = 4096

// maxGroup bounds how many operations one transaction has.
const maxGroup = 512

// op is one write that waits for the writer.
type op struct {
	// durable means that the caller must not be answered before the disk has it.
	durable bool
	// do makes the changes. It returns a refusal before it has changed anything.
	do func(*tx) error
	// done gets the outcome, always.
	done chan error
}

// writer is the one connection that writes.
type writer struct {
	db    *sql.DB
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
	// lazy says that the connection is set not to wait for the disk.
	lazy bool
	// version is the last one given to a state item, limit the one that is reserved in
	// the file: after a crash, counting goes on from there, so that none comes back.
	version, limit uint64
	// seq is the last place given in the log. One that a failed commit was given is not
	// given again.
	seq int64
}

// tx is one transaction of the writer. What is kept in memory changes after it.
type tx struct {
	s       *Store
	w       *writer
	targets map[string]target // made or moved in this transaction
	limit   uint64            // of versions, if this transaction raises it
	entries int64             // added, less those dropped
	dead    int64
}

func openWriter(ctx context.Context, path string, c Config) (*writer, error) {
	var bound []string
	if c.MaxBytes > 0 {
		bound = []string{fmt.Sprintf("max_page_count(%d)", c.MaxBytes/pageSize)}
	}
	db, err := connect(path, c.Cache, bound...)
	if err != nil {
		return nil, err
	}
	w := &writer{db: db, stmts: map[string]*sql.Stmt{}}
	if w.conn, err = db.Conn(ctx); err == nil {
		err = migrate(ctx, w.conn)
	}
	if err == nil {
		err = w.conn.QueryRowContext(ctx, "SELECT coalesce(max(value), 0) FROM counters WHERE name = 'version'").Scan(&w.limit)
		w.version = w.limit
	}
	if err == nil {
		err = w.conn.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'entries'").Scan(&w.seq)
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *writer) close() error {
	var errs []error
	for _, s := range w.stmts {
		errs = append(errs, s.Close())
	}
	if w.conn != nil {
		errs = append(errs, w.conn.Close())
	}
	return errors.Join(append(errs, w.db.Close())...)
}

// commit hands an operation to the writer and waits for its outcome. A caller that has
// gone is not waited for, but what it asked for may have been done.
func (s *Store) commit(ctx context.Context, durable bool, do func(*tx) error) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	o := &op{durable, do, make(chan error, 1)}
	select {
	case s.ops <- o:
	case <-s.quit:
		return store.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-o.done:
		return err
	case <-s.ended:
		select {
		case err := <-o.done:
			return err
		default:
			return store.ErrClosed
		}
	}
}

// run is the writer's goroutine.
func (s *Store) run() {
	defer close(s.ended)
	for {
		select {
		case o := <-s.ops:
			s.group(s.gather(o))
		case <-s.quit:
			for { // what was handed over before is done before the end
				select {
				case o := <-s.ops:
					s.group(s.gather(o))
				default:
					return
				}
			}
		}
	}
}

// gather takes what else waits.
func (s *Store) gather(first *op) []*op {
	group := []*op{first}
	for len(group) < maxGroup {
		select {
		case o := <-s.ops:
			group = append(group, o)
		default:
			return group
		}
	}
	return group
}

// group commits operations as one transaction and answers each.
func (s *Store) group(group []*op) {
	outcomes, err := s.transact(group)
	if err != nil {
		err = s.explain(err)
	}
	for i, o := range group {
		if err != nil {
			o.done <- err
		} else {
			o.done <- outcomes[i]
		}
	}
}

// transact makes a transaction. The outcomes are refusals; the error is of all.
func (s *Store) transact(group []*op) (outcomes []error, err error) {
	if s.Err() != nil {
		return nil, s.Err()
	}
	w := s.writer
	lazy := true
	for _, o := range group {
		lazy = lazy && !o.durable
	}
	if err := w.wait(!lazy); err != nil {
		return nil, err
	}
	if err := w.exec("BEGIN IMMEDIATE"); err != nil {
		return nil, err
	}
	t := &tx{s: s, w: w, targets: map[string]target{}}
	outcomes = make([]error, len(group))
	for i, o := range group {
		if outcomes[i] = o.do(t); outcomes[i] != nil && !refusal(outcomes[i]) {
			w.rollback()
			return nil, outcomes[i]
		}
	}
	if err := w.exec("COMMIT"); err != nil {
		w.rollback()
		return nil, err
	}
	t.publish()
	return outcomes, nil
}

// rollback gives up a transaction. Its own error says nothing new: SQLite may have
// rolled back itself, and otherwise the next transaction cannot begin, which ends it.
func (w *writer) rollback() { _ = w.exec("ROLLBACK") }

func refusal(err error) bool {
	return errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrDuplicate)
}

// publish tells the readers what the transaction changed.
func (t *tx) publish() {
	t.s.mu.Lock()
	maps.Copy(t.s.targets, t.targets)
	t.s.mu.Unlock()
	t.w.limit = max(t.w.limit, t.limit)
	t.s.entries.Add(t.entries)
	t.s.dead.Add(t.dead)
}

// wait sets whether a commit waits for the disk.
func (w *writer) wait(disk bool) error {
	if w.lazy != disk {
		return nil
	}
	mode := "NORMAL"
	if disk {
		mode = "FULL"
	}
	if _, err := w.conn.ExecContext(context.Background(), "PRAGMA synchronous = "+mode); err != nil {
		return err
	}
	w.lazy = !disk
	return nil
}

// stmt prepares a statement once.
func (w *writer) stmt(text string) (*sql.Stmt, error) {
	if s := w.stmts[text]; s != nil {
		return s, nil
	}
	s, err := w.conn.PrepareContext(context.Background(), text)
	if err == nil {
		w.stmts[text] = s
	}
	return s, err
}

func (w *writer) exec(text string, args ...any) error {
	s, err := w.stmt(text)
	if err != nil {
		return err
	}
	_, err = s.Exec(args...)
	return err
}

// insert writes rows of width columns in as few statements as a few sizes allow: half
// of a small statement's time is not spent on its row.
func (w *writer) insert(head string, width int, args []any) error {
	row := "(?" + strings.Repeat(", ?", width-1) + ")"
	for _, n := range [...]int{16, 4, 1} {
		for len(args) >= n*width {
			if err := w.exec(head+strings.Repeat(row+", ", n-1)+row, args[:n*width]...); err != nil {
				return err
			}
			args = args[n*width:]
		}
	}
	return nil
}

// one reads one row; ok is false if there is none.
func (w *writer) one(text string, args []any, into ...any) (ok bool, err error) {
	s, err := w.stmt(text)
	if err != nil {
		return false, err
	}
	err = s.QueryRow(args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// explain turns a failed transaction into what the interface says. What is not a full
// disk is the end.
func (s *Store) explain(err error) error {
	var e *driver.Error
	if errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_FULL {
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	s.failOnce.Do(func() {
		s.failure = fmt.Errorf("sqlite: a commit failed, nothing more is accepted until a restart: %w", err)
		s.log.Error("a commit failed, nothing more is accepted until a restart", "error", err)
		close(s.failed)
	})
	return s.failure
}
