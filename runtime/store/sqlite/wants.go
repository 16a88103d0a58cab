package sqlite

import (
	"context"

	"github.com/ncruces/go-sqlite3"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// run is a stretch of the log that a target wants all of.
type run struct{ first, last store.Seq }

// want notes that a target wants an entry. One row is written for all that follow each
// other.
func (t *tx) want(tid int64, seq store.Seq) error {
	r, begun := t.runs[tid]
	if begun && r.last+1 == seq {
		t.runs[tid] = run{r.first, seq}
		return nil
	}
	t.runs[tid] = run{seq, seq}
	if begun {
		return t.writeRun(tid, r)
	}
	return nil
}

func (t *tx) writeRun(tid int64, r run) error {
	return t.w.events.exec("INSERT INTO wants (tid, seq, run) VALUES (?, ?, ?)", tid, int64(r.last), int64(r.last-r.first))
}

// endRuns writes what want has not written yet.
func (t *tx) endRuns() error {
	for tid, r := range t.runs {
		if err := t.writeRun(tid, r); err != nil {
			return err
		}
	}
	return nil
}

// readWanted gives a row for each entry after a place that a target wants, and one
// without an entry for a run of which there is none.
const readWanted = "SELECT w.seq - w.run, w.seq, " + entryColumns + ` FROM wants w
	LEFT JOIN entries e ON e.seq BETWEEN max(w.seq - w.run, ?2 + 1) AND w.seq
	WHERE w.tid = (SELECT tid FROM targets WHERE name = ?1) AND w.seq > ?2 ORDER BY w.seq, e.seq LIMIT ?3`

// wantedReader makes entries of those rows, and puts a damaged one in each place that
// has none.
type wantedReader struct {
	s      *Store
	g      *segment
	target string
	most   int
	out    []store.Entry
	// next is the place that comes next, last the end of its run; more says that the run
	// may go on behind what was read.
	next, last store.Seq
	more       bool
}

func (s *Store) readSegment(ctx context.Context, g *segment, target string, after store.Seq, n int) ([]store.Entry, error) {
	var w wantedReader
	err := s.inSegment(ctx, g, func(c *conn) error { // again, if the file had to be mended
		w = wantedReader{s: s, g: g, target: target, most: n, next: after + 1}
		rows := 0
		err := c.query(readWanted, []any{target, int64(after), n}, func(r *sqlite3.Stmt) error {
			rows++
			w.row(r)
			return nil
		})
		if !w.more || rows < n {
			w.lose(w.last)
		}
		return err
	})
	return w.out, err
}

func (w *wantedReader) row(r *sqlite3.Stmt) {
	if first, last := store.Seq(r.ColumnInt64(0)), store.Seq(r.ColumnInt64(1)); last != w.last {
		w.lose(w.last)
		w.next, w.last = max(w.next, first), last
	}
	e, ok := scanEntry(r, 2)
	if w.more = r.ColumnType(2) != sqlite3.NULL; !w.more {
		return
	}
	w.lose(e.Seq - 1)
	if !ok {
		w.lose(e.Seq)
	} else if len(w.out) < w.most {
		w.out = append(w.out, e)
	}
	w.next = e.Seq + 1
}

// lose gives what should stand in the places up to one.
func (w *wantedReader) lose(last store.Seq) {
	for ; w.next <= last && len(w.out) < w.most; w.next++ {
		w.out = append(w.out, w.s.damagedEntry(w.g, w.next, w.target))
	}
}
