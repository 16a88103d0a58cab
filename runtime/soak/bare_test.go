package soak_test

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/ncruces/go-sqlite3"
)

// bare is the least that keeps the promise on this machine, the measure of the whole
// engine: a log in SQLite with one group-commit writer and synchronous=FULL, a cursor per
// target, a row for each delivery that failed. No HTTP, no matching, no checksums, no
// sandbox; bodies go to the targets in memory after the commit.
type bare struct {
	t       testing.TB
	db      *sqlite3.Conn
	insert  *sqlite3.Stmt
	cursor  *sqlite3.Stmt
	fail    *sqlite3.Stmt
	mend    *sqlite3.Stmt
	batches chan *bareBatch
	done    sync.WaitGroup
	targets [2]chan []int64

	mu      sync.Mutex
	settled [2]bareSettled
}

type bareBatch struct {
	bodies [][]byte
	acked  chan bool
}

// bareSettled is what a target has done since the last commit.
type bareSettled struct {
	cursor       int64
	failed, done []int64
}

func newBare(t testing.TB) *bare {
	b := &bare{t: t, batches: make(chan *bareBatch, 64)}
	db, err := sqlite3.Open("file:" + filepath.Join(t.TempDir(), "bare.db"))
	b.must(err)
	b.db = db
	b.must(db.Exec(`PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768;
		CREATE TABLE log (seq INTEGER PRIMARY KEY, body BLOB);
		CREATE TABLE cursors (target INTEGER PRIMARY KEY, seq INTEGER);
		CREATE TABLE failures (target INTEGER, seq INTEGER, due INTEGER, PRIMARY KEY (target, seq)) WITHOUT ROWID;`))
	for _, s := range []struct {
		into **sqlite3.Stmt
		text string
	}{
		{&b.insert, "INSERT INTO log (seq, body) VALUES (?, ?)"},
		{&b.cursor, "INSERT OR REPLACE INTO cursors (target, seq) VALUES (?, ?)"},
		{&b.fail, "INSERT OR REPLACE INTO failures (target, seq, due) VALUES (?, ?, 0)"},
		{&b.mend, "DELETE FROM failures WHERE target = ? AND seq = ?"},
	} {
		*s.into, _, err = db.Prepare(s.text)
		b.must(err)
	}
	for i := range b.targets {
		b.targets[i] = make(chan []int64, 1024)
		b.done.Go(func() { b.deliver(i) })
	}
	b.done.Go(b.write)
	return b
}

func (b *bare) must(err error) {
	if err != nil {
		b.t.Error(err)
	}
}

func (b *bare) put(bodies [][]byte) {
	batch := &bareBatch{bodies, make(chan bool, 1)}
	b.batches <- batch
	<-batch.acked
}

func (b *bare) close() {
	close(b.batches)
	b.done.Wait()
	for _, s := range []*sqlite3.Stmt{b.insert, b.cursor, b.fail, b.mend} {
		b.must(s.Close())
	}
	b.must(b.db.Close())
}

// write commits what waits as one transaction.
func (b *bare) write() {
	seq := int64(0)
	for first := range b.batches {
		group := []*bareBatch{first}
		for more := true; more && len(group) < 64; {
			select {
			case next, ok := <-b.batches:
				if more = ok; ok {
					group = append(group, next)
				}
			default:
				more = false
			}
		}
		var seqs []int64
		b.must(b.db.Exec("BEGIN IMMEDIATE"))
		for _, batch := range group {
			for _, body := range batch.bodies {
				seq++
				b.must(b.insert.BindInt64(1, seq))
				b.must(b.insert.BindBlob(2, body))
				b.must(b.insert.Exec())
				seqs = append(seqs, seq)
			}
		}
		b.settle()
		b.must(b.db.Exec("COMMIT"))
		for _, batch := range group {
			batch.acked <- true
		}
		for _, t := range b.targets {
			t <- seqs
		}
	}
	for _, t := range b.targets {
		close(t)
	}
}

// settle lets the targets' progress ride in the commit.
func (b *bare) settle() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for target, s := range b.settled {
		run := func(stmt *sqlite3.Stmt, seq int64) {
			b.must(stmt.BindInt64(1, int64(target)))
			b.must(stmt.BindInt64(2, seq))
			b.must(stmt.Exec())
		}
		if s.cursor > 0 {
			run(b.cursor, s.cursor)
		}
		for _, seq := range s.failed {
			run(b.fail, seq)
		}
		for _, seq := range s.done {
			run(b.mend, seq)
		}
		b.settled[target] = bareSettled{}
	}
}

// deliver counts; one in a hundred fails once, and is delivered with the next batch.
func (b *bare) deliver(target int) {
	var again []int64
	for seqs := range b.targets[target] {
		var failed []int64
		for _, seq := range seqs {
			if seq%100 == 0 {
				failed = append(failed, seq)
			}
		}
		b.mu.Lock()
		s := &b.settled[target]
		s.cursor = seqs[len(seqs)-1]
		s.done = append(s.done, again...)
		s.failed = append(s.failed, failed...)
		b.mu.Unlock()
		again = failed
	}
}
