package spool

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// Config is what a queue works with.
type Config struct {
	// Dir is the queue's folder; it is made if it is not there.
	Dir string
	// MaxBytes bounds the queue. Default: 64 MiB.
	MaxBytes int64
	// SegmentBytes is when a new file is begun, and how much is dropped at once when
	// the queue is full. Default: an eighth of MaxBytes.
	SegmentBytes int64
}

// Cursor is a place in the queue: the end of a record.
type Cursor struct {
	Segment uint64 `json:"segment"`
	Offset  int64  `json:"offset"`
}

func (c Cursor) before(o Cursor) bool {
	return c.Segment < o.Segment || c.Segment == o.Segment && c.Offset < o.Offset
}

// Queue is a queue. It is safe for concurrent use, but only one may Peek and Advance.
type Queue struct {
	c  Config
	mu sync.Mutex
	// segments are the files, oldest first; w is the last one, open for writing, or nil.
	segments []segment
	w        *os.File
	// head is where the oldest record begins, done how many of the first segment's
	// records are before it.
	head    Cursor
	done    int
	damaged int64
}

const cursorFile = "cursor.json"

// Open opens a queue, and mends it if the process before this one did not close it.
func Open(c Config) (*Queue, error) {
	c.MaxBytes = cmp.Or(c.MaxBytes, 64<<20)
	c.SegmentBytes = cmp.Or(c.SegmentBytes, max(c.MaxBytes/8, 4<<10))
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	q := &Queue{c: c}
	var err error
	if q.segments, err = list(c.Dir); err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	for i := range q.segments {
		n, err := q.segments[i].mend(c.Dir)
		if err != nil {
			return nil, fmt.Errorf("spool: %w", err)
		}
		q.damaged += n
	}
	return q, q.readCursor()
}

// readCursor finds the head: what the file says, if that is a place that exists.
func (q *Queue) readCursor() error {
	text, err := os.ReadFile(filepath.Join(q.c.Dir, cursorFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("spool: %w", err)
	}
	var saved Cursor
	_ = json.Unmarshal(text, &saved) // a torn cursor is none: records come again
	for len(q.segments) > 0 && q.segments[0].number < saved.Segment {
		if err := q.dropFirst(); err != nil {
			return err
		}
	}
	if len(q.segments) == 0 {
		q.head = saved // the next segment has a greater number
		return nil
	}
	if q.segments[0].number != saved.Segment {
		return nil
	}
	first := &q.segments[0]
	n := 0
	_, err = scan(first.path(q.c.Dir), 0, func(_ []byte, end int64) bool {
		if end > saved.Offset {
			return false
		}
		n++
		q.head, q.done = Cursor{first.number, end}, n
		return true
	})
	return err
}

// Append puts records at the end. They are on disk when it returns. dropped are the
// oldest records that made room, and those that are larger than the whole queue.
func (q *Queue) Append(records [][]byte) (dropped int, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.append(records)
}

// AppendFitting puts as many of the records at the end as fit without dropping any, and
// returns how many that are. dropped are those of them that are larger than the queue.
func (q *Queue) AppendFitting(records [][]byte) (n, dropped int, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	room := q.c.MaxBytes - q.size()
	for ; n < len(records); n++ {
		// Each record might begin a segment.
		if room -= int64(len(records[n]) + frameHead + len(magic)); room < 0 && !q.tooLarge(records[n]) {
			break
		}
	}
	dropped, err = q.append(records[:n])
	return n, dropped, err
}

func (q *Queue) tooLarge(record []byte) bool {
	return int64(len(record))+frameHead+int64(len(magic)) > q.c.MaxBytes
}

func (q *Queue) append(records [][]byte) (dropped int, err error) {
	var b []byte
	frames := 0
	flush := func() error {
		n, err := q.write(b, frames)
		dropped += n
		b, frames = b[:0], 0
		return err
	}
	for _, r := range records {
		if q.tooLarge(r) {
			dropped++
			continue
		}
		if frames > 0 && int64(len(b)+len(r)+frameHead) > q.c.SegmentBytes {
			if err := flush(); err != nil {
				return dropped, err
			}
		}
		b, frames = appendFrame(b, r), frames+1
	}
	if frames == 0 {
		return dropped, nil
	}
	return dropped, flush()
}

// write puts frames into the last segment, or a new one.
func (q *Queue) write(b []byte, frames int) (dropped int, err error) {
	if q.w != nil && q.last().size+int64(len(b)) > q.c.SegmentBytes {
		if err := q.closeWriter(); err != nil {
			return 0, err
		}
	}
	for len(q.segments) > 0 && q.size()+int64(len(b)+len(magic)) > q.c.MaxBytes {
		dropped += q.segments[0].records - q.done
		if len(q.segments) == 1 {
			if err := q.closeWriter(); err != nil {
				return dropped, err
			}
		}
		if err := q.dropFirst(); err != nil {
			return dropped, err
		}
	}
	if q.w == nil {
		if err := q.begin(); err != nil {
			return dropped, err
		}
	}
	if _, err := q.w.Write(b); err != nil {
		return dropped, errors.Join(fmt.Errorf("spool: %w", err), q.undo())
	}
	if err := q.w.Sync(); err != nil {
		return dropped, errors.Join(fmt.Errorf("spool: %w", err), q.undo())
	}
	q.last().size += int64(len(b))
	q.last().records += frames
	return dropped, nil
}

// undo takes a write that failed out of the segment, so that what is written next does
// not stand behind a torn frame.
func (q *Queue) undo() error {
	if err := q.w.Truncate(q.last().size); err != nil {
		return errors.Join(err, q.closeWriter()) // the next write begins another file
	}
	return nil
}

func (q *Queue) last() *segment { return &q.segments[len(q.segments)-1] }

func (q *Queue) size() (n int64) {
	for _, s := range q.segments {
		n += s.size
	}
	return n
}

// begin makes a new segment.
func (q *Queue) begin() error {
	s := segment{number: q.head.Segment + 1, size: int64(len(magic))}
	if len(q.segments) > 0 {
		s.number = q.last().number + 1
	}
	w, err := os.OpenFile(s.path(q.c.Dir), os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	if _, err := w.WriteString(magic); err != nil {
		return errors.Join(fmt.Errorf("spool: %w", err), w.Close(), os.Remove(s.path(q.c.Dir)))
	}
	q.segments, q.w = append(q.segments, s), w
	return syncDir(q.c.Dir)
}

func (q *Queue) closeWriter() error {
	if q.w == nil {
		return nil
	}
	err := q.w.Close()
	q.w = nil
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	return nil
}

// dropFirst deletes the oldest segment.
func (q *Queue) dropFirst() error {
	first := q.segments[0]
	if err := os.Remove(first.path(q.c.Dir)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("spool: %w", err)
	}
	q.segments = q.segments[1:]
	q.head, q.done = Cursor{Segment: max(first.number, q.head.Segment)}, 0
	return nil
}
