package spool

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// Peek returns the oldest records, at most so many and at least one if there is one,
// with not many more bytes than said, and the place behind them.
func (q *Queue) Peek(records, bytes int) (list [][]byte, end Cursor, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	end = q.head
	for _, s := range q.segments {
		from := int64(0)
		if s.number == q.head.Segment {
			from = q.head.Offset
		}
		full := false
		last := from
		torn, err := scan(s.path(q.c.Dir), from, func(record []byte, at int64) bool {
			list, end, last = append(list, record), Cursor{s.number, at}, at
			bytes -= len(record)
			full = len(list) >= records || bytes <= 0
			return !full
		})
		if torn { // since it was written: the rest of the segment is lost
			q.damaged += s.size - last
			end = Cursor{s.number, s.size}
		}
		if err != nil || full {
			return list, end, err
		}
	}
	return list, end, nil
}

// Advance says that everything before a place is done.
func (q *Queue) Advance(to Cursor) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.head.before(to) {
		return nil // it was dropped meanwhile
	}
	for len(q.segments) > 0 && (q.segments[0].number < to.Segment || q.isEnd(q.segments[0], to)) {
		if len(q.segments) == 1 {
			if err := q.closeWriter(); err != nil {
				return err
			}
		}
		if err := q.dropFirst(); err != nil {
			return err
		}
	}
	if len(q.segments) > 0 && q.segments[0].number == to.Segment {
		if err := q.count(to); err != nil {
			return err
		}
	}
	q.head = to
	return q.saveCursor()
}

func (q *Queue) isEnd(s segment, to Cursor) bool {
	return s.number == to.Segment && s.size <= to.Offset
}

// count finds how many records of the first segment are before a place.
func (q *Queue) count(to Cursor) error {
	n := 0
	from := q.head.Offset
	if q.head.Segment != to.Segment {
		from = 0
	} else {
		n = q.done
	}
	_, err := scan(q.segments[0].path(q.c.Dir), from, func(_ []byte, end int64) bool {
		if end <= to.Offset {
			n++
		}
		return end < to.Offset
	})
	q.done = n
	return err
}

func (q *Queue) saveCursor() error {
	text, err := json.Marshal(q.head)
	if err != nil {
		return err
	}
	path := filepath.Join(q.c.Dir, cursorFile)
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	return nil
}

// Len is how many records wait.
func (q *Queue) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := -q.done
	for _, s := range q.segments {
		n += s.records
	}
	return n
}

// Damaged is how many bytes were found torn.
func (q *Queue) Damaged() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.damaged
}

// Close closes the queue; what is in it stays.
func (q *Queue) Close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closeWriter()
}

// syncDir makes a new file's name durable.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" { // has no such thing
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	return nil
}
