package sqlite

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"sync"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// maxGroup bounds how many operations one transaction has.
const maxGroup = 512

// op is one write that waits for the writer.
type op struct {
	// durable means that the caller must not be answered before the disk has what
	// changes in bus.db. What goes to the log is always waited for.
	durable bool
	// grows means that it takes room: it is refused at once while there is none.
	grows bool
	// appends means that it changes nothing in bus.db but what the log can redo.
	appends bool
	// do makes the changes. It returns a refusal before it has changed anything.
	do func(*tx) error
	// done gets the outcome, always.
	done chan error
}

// writer holds the connections that write.
type writer struct {
	// mu is held by the transaction that has begun in bus.db, from its first statement
	// there to its end.
	mu     sync.Mutex
	state  *conn
	events *conn // of segment; nil before the first entry
	// segment is the file that is written, tids the numbers of its targets.
	segment *segment
	tids    map[string]int64
	// seq is the last place given in the log.
	seq store.Seq
	// version is the last one given to a state item, limit the one that is reserved in
	// the file: after a crash, counting goes on from there, so that none comes back.
	version, limit uint64
	// redo is the number of the last redo record; owed are those whose events are in
	// the log, and which a full disk kept from bus.db.
	redo int64
	owed []redo
}

// tx is one transaction of the writer, over bus.db and the log. What is kept in memory
// changes after it.
type tx struct {
	s              *Store
	w              *writer
	inEvents, inDB bool
	durable        bool
	cursors        map[string]store.Seq
	limit          uint64 // of versions, if this transaction raises it
	dead           int64

	entries   []store.Entry
	newest    map[string]store.Seq
	tids      map[string]int64
	runs      map[int64]run
	keysUntil int64
	redo      []redo
	unlinked  []*segment
}

// commit hands an operation to the writer and waits for its outcome. A caller that has
// gone is not waited for, but what it asked for may have been done.
func (s *Store) commit(ctx context.Context, o *op) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	if o.grows && s.room.full() && !s.room.reserve() {
		return store.ErrFull // at once, whatever the writer is doing
	}
	o.done = make(chan error, 1)
	ops := s.ops
	if !o.appends && !o.durable {
		ops = s.settles
	}
	select {
	case ops <- o:
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

// idle is how long the writer waits for work before it empties the write-ahead logs: what
// is in the files themselves, a damaged log cannot take with it.
const idle = time.Second

// run is the writer's goroutine.
func (s *Store) run() {
	defer close(s.ended)
	var settling sync.WaitGroup
	settling.Go(s.runSettlements)
	defer settling.Wait()
	timer := time.NewTimer(idle)
	defer timer.Stop()
	for {
		select {
		case o := <-s.ops:
			s.together(gather(s.ops, o))
			s.checkpointIfLarge()
			timer.Reset(idle)
		case m := <-s.mends:
			m.done <- s.mendOnce(m)
		case <-timer.C:
			s.checkpoint()
			timer.Reset(idle)
		case <-s.quit:
			s.finish(s.ops)
			return
		}
	}
}

// runSettlements commits settlements beside the events. They do not wait for the disk, so
// they need not wait for those who do: what is delivered and not yet settled when the
// process is killed is delivered again.
func (s *Store) runSettlements() {
	for {
		select {
		case o := <-s.settles:
			s.together(gather(s.settles, o))
			s.checkpointState(largeWAL, sqlite3.CHECKPOINT_PASSIVE)
		case <-s.quit:
			s.finish(s.settles)
			return
		}
	}
}

// finish does what was handed over before the end.
func (s *Store) finish(ops chan *op) {
	for {
		select {
		case o := <-ops:
			s.together(gather(ops, o))
		default:
			return
		}
	}
}

// gather takes what else waits. Those who are about to hand something over get their
// turn first: a commit costs as much for one as for ten.
func gather(ops chan *op, first *op) []*op {
	group := []*op{first}
	runtime.Gosched()
	for len(group) < maxGroup {
		select {
		case o := <-ops:
			group = append(group, o)
		default:
			return group
		}
	}
	return group
}

// together commits operations as one transaction. When the disk is full, those that take
// no room are made in the reserve, and the others are refused.
func (s *Store) together(ops []*op) {
	if s.room.low() {
		s.makeRoom("next to nothing is left")
	}
	if s.room.full() && !s.room.reserve() {
		ops = refuseGrowing(ops)
	}
	waiting, err := s.transact(ops)
	if err != nil && isFull(err) && s.Err() == nil {
		s.makeRoom(err)
		ops = refuseGrowing(waiting)
		waiting, err = s.transact(ops)
	}
	if len(ops) > 0 {
		s.room.stalled.Store(isFull(err))
	}
	if err != nil {
		err = s.explain(err)
	}
	for _, o := range waiting {
		o.done <- err
	}
}

// makeRoom gives the reserve to what takes no room.
func (s *Store) makeRoom(why any) {
	s.log.Warn("the disk is full: senders are throttled, deliveries go on", "error", why)
	s.room.release()
}

// refuseGrowing answers the operations that take room, and returns the others.
func refuseGrowing(ops []*op) (rest []*op) {
	for _, o := range ops {
		if o.grows {
			o.done <- store.ErrFull
			continue
		}
		rest = append(rest, o)
	}
	return rest
}

// transact makes one transaction of operations, and answers those that it refuses or that
// are committed by the log alone. The error is that of all that it returns.
func (s *Store) transact(ops []*op) (waiting []*op, err error) {
	if s.Err() != nil {
		return ops, s.Err()
	}
	t := s.begin(ops)
	outcomes := make([]error, len(ops))
	for i, o := range ops {
		if outcomes[i] = o.do(t); outcomes[i] != nil && !refusal(outcomes[i]) {
			t.rollback()
			return s.unlessDamaged(ops, outcomes[i])
		}
	}
	if err := t.commitLog(); err != nil {
		t.rollback()
		return s.unlessDamaged(ops, err)
	}
	err = t.commitState()
	for i, o := range ops {
		if outcomes[i] == nil && err != nil && !o.appends {
			waiting = append(waiting, o)
			continue
		}
		o.done <- outcomes[i]
	}
	return waiting, err
}

// begin prepares a transaction. What a full disk kept from bus.db is made up for first.
func (s *Store) begin(ops []*op) *tx {
	t := &tx{s: s, w: s.writer, cursors: map[string]store.Seq{}, newest: map[string]store.Seq{}, tids: map[string]int64{}, runs: map[int64]run{}}
	for _, o := range ops {
		t.durable = t.durable || o.durable
	}
	return t
}

// beginState begins the part of the transaction that is in bus.db, once.
func (t *tx) beginState() error {
	if t.inDB {
		return nil
	}
	t.w.mu.Lock()
	err := t.w.state.wait(t.durable)
	if err == nil {
		err = t.w.state.exec("BEGIN IMMEDIATE")
	}
	if err != nil {
		t.w.mu.Unlock()
		return err
	}
	t.inDB = true
	return t.applyRedo(t.w.owed)
}

// beginEvents begins the part that is in the log, in the file of the hour.
func (t *tx) beginEvents(now time.Time) error {
	if t.inEvents {
		return nil
	}
	if err := t.rotate(now); err != nil {
		return err
	}
	t.inEvents = true
	return t.w.events.exec("BEGIN IMMEDIATE")
}

// commitLog commits the events, and with them the redo records.
func (t *tx) commitLog() error {
	if !t.inEvents {
		return nil
	}
	if err := t.endRuns(); err != nil {
		return err
	}
	if err := t.w.events.exec("COMMIT"); err != nil {
		return err
	}
	t.inEvents = false
	maps.Copy(t.w.tids, t.tids)
	g := t.w.segment
	g.mu.Lock()
	g.last = max(g.last, t.w.seq)
	g.keysUntil = max(g.keysUntil, t.keysUntil)
	for name, seq := range t.newest {
		g.newest[name] = seq
	}
	g.mu.Unlock()
	t.s.entries.Add(int64(len(t.entries)))
	t.s.recent.add(t.entries)
	if len(t.redo) > 0 { // bus.db is part of the transaction then
		t.w.owed = append(t.w.owed, t.redo...)
	}
	return nil
}

// commitState commits what is in bus.db.
func (t *tx) commitState() error {
	if !t.inDB {
		return nil
	}
	if err := t.w.state.exec("COMMIT"); err != nil {
		t.rollback()
		return err
	}
	t.inDB = false
	t.w.owed = nil
	if !t.durable {
		t.s.soil()
	}
	t.w.limit = max(t.w.limit, t.limit)
	t.s.mu.Lock()
	maps.Copy(t.s.cursors, t.cursors)
	t.s.mu.Unlock()
	t.w.mu.Unlock()
	t.s.dead.Add(t.dead)
	t.s.remove(t.unlinked)
	return nil
}

// rollback gives up a transaction. Its own error says nothing new: SQLite may have
// rolled back itself, and otherwise the next transaction cannot begin, which ends it.
func (t *tx) rollback() {
	if t.inEvents && t.w.events != nil {
		_ = t.w.events.exec("ROLLBACK")
		t.w.seq = t.w.segment.end() // the places were not seen by anybody
	}
	if t.inDB {
		_ = t.w.state.exec("ROLLBACK")
		t.w.mu.Unlock()
	}
	t.inEvents, t.inDB = false, false
}

func refusal(err error) bool {
	return errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrDuplicate)
}

// unlessDamaged mends the file of events that a transaction stumbled over, and makes the
// transaction again. A damaged bus.db is mended by a restart.
func (s *Store) unlessDamaged(ops []*op, failure error) ([]*op, error) {
	var at *fileError
	if !isDamage(failure) || !errors.As(failure, &at) {
		return ops, failure
	}
	for _, g := range s.all() {
		if g.path == at.path {
			if err := s.mend(g, failure); err != nil {
				return ops, errors.Join(failure, err)
			}
			return s.transact(ops)
		}
	}
	return ops, failure
}

// explain turns a failed transaction into what the interface says. What is not a full
// disk is the end: after a failed fsync nobody knows what the file holds, and asking
// again would be answered from memory.
func (s *Store) explain(err error) error {
	if isFull(err) {
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	return s.fail(err)
}

// fail is the end of the store.
func (s *Store) fail(err error) error {
	s.failOnce.Do(func() {
		s.failure = fmt.Errorf("sqlite: a commit failed, nothing more is accepted until a restart: %w", err)
		s.log.Error("a commit failed, nothing more is accepted until a restart", "error", err)
		close(s.failed)
	})
	return s.failure
}
