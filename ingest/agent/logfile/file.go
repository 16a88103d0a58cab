package logfile

import (
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// chunk is how much is read at once.
const chunk = 64 << 10

// file is one file that is followed.
type file struct {
	*os.File
	info os.FileInfo
	path string
	// named is false when path shows another file now, or none.
	named, rotated bool
	// tail is the last that was read; ahead, where not all was read, the last that will be.
	tail, ahead mark
	split       *splitter
	// grew and emitted are when something was read, and when a record was made of it,
	// for the last time.
	grew, emitted time.Time
	// lastTime is that of the last record that had one.
	lastTime time.Time
}

// newFile follows an open file from an offset on.
func newFile(opened *os.File, info os.FileInfo, path string, l *Log, at int64, now time.Time) *file {
	tail := readMark(opened, at)
	tail.at = at
	return &file{File: opened, info: info, path: path, named: true, tail: tail, split: newSplitter(l, at), grew: now}
}

// mark is what the file must have to be the same.
func (f *file) mark() mark {
	if f.ahead.at > f.tail.at {
		return f.ahead
	}
	return f.tail
}

// position says how far the records of the file reach.
func (f *file) position() Position { return f.positionAt(f.mark()) }

func (f *file) positionAt(m mark) Position {
	p := Position{Path: f.path, Offset: f.split.safe(), Mark: m.at, Check: hash(m.bytes), Checked: len(m.bytes)}
	p.Device, p.Inode = identity(f.info)
	return p
}

// done says that a file was read to its end.
func (f *file) done() bool { return f.info.Size() <= f.split.next }

// pending says that not everything that was read has become records.
func (f *file) pending() bool { return f.split.begun || len(f.split.line) > 0 }

// renamed says whether the file has just lost its name to another, and when it was
// written last.
func (f *file) renamed(wanted []found) (at time.Time, ok bool) {
	if f.rotated || slices.ContainsFunc(wanted, func(m found) bool { return os.SameFile(m.info, f.info) }) {
		return time.Time{}, false
	}
	info, err := f.Stat()
	if err != nil {
		return time.Time{}, false
	}
	return info.ModTime(), true
}

// wasCut says that a file does not hold any more what was read of it.
func (f *file) wasCut() bool {
	return f.info.Size() < f.mark().at || !f.tail.in(f) || !f.ahead.in(f)
}

// copiedTo says whether another file is a copy of this one, made to cut this one: its
// name goes on where this one's ends, its content is the same, and either this one was
// cut already or the other holds nothing that this one does not.
func (f *file) copiedTo(other *os.File, info os.FileInfo) bool {
	suffix, ok := strings.CutPrefix(other.Name(), f.path)
	if !ok || suffix == "" || len(f.mark().bytes) == 0 || info.Size() < f.mark().at || !f.mark().in(other) {
		return false
	}
	now, err := f.Stat()
	if err != nil {
		return false
	}
	f.info = now
	return f.wasCut() || now.Size() >= info.Size() && readMark(other, info.Size()).in(f)
}

// read takes what is new in a file, at most about budget bytes.
func (f *Follower) read(file *file, now time.Time, budget int, emit emitter) (n int, err error) {
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	shrunk := info.Size() < file.info.Size()
	file.info = info
	if shrunk || file.wasCut() {
		if n, err = f.cut(file, now, budget, emit); err != nil {
			return n, err
		}
	}
	b := make([]byte, min(chunk, max(budget, 1)))
	for n < budget {
		got, err := file.ReadAt(b[:min(len(b), budget-n)], file.split.next)
		n += got
		f.take(file, b[:got], now, emit)
		if errors.Is(err, io.EOF) || got == 0 && err == nil {
			break
		}
		if err != nil {
			return n, err
		}
	}
	if file.ahead = (mark{}); file.split.next < info.Size() {
		file.ahead = readMark(file, info.Size())
	}
	if file.split.begun && now.Sub(file.split.since) >= wait {
		file.split.flush(emit(file))
	}
	return n, nil
}

// take splits bytes that were read.
func (f *Follower) take(file *file, b []byte, now time.Time, emit emitter) {
	if len(b) == 0 {
		return
	}
	f.counts.Bytes += len(b)
	truncated := file.split.truncated
	file.split.write(b, now, emit(file))
	f.counts.Truncated += file.split.truncated - truncated
	file.grew = now
	file.tail = file.tail.on(b)
}

// cut handles a file that shrank or was written anew. What was not read of its old
// content may stand in a copy, which is read before the file is, from its start.
func (f *Follower) cut(file *file, now time.Time, budget int, emit emitter) (n int, err error) {
	ahead, tail := file.position(), file.positionAt(file.tail)
	old := *file
	file.split, file.tail, file.ahead = newSplitter(&f.log, 0), mark{}, mark{}
	opened, info, path := ahead.openCopy(f.knows)
	if opened == nil { // what was seen ahead may have been of the new content already
		opened, info, path = tail.openCopy(f.knows)
	}
	if opened == nil {
		f.counts.Cut++
		old.split.finish(now, emit(&old))
		return 0, nil
	}
	f.counts.Rotated++
	old.File, old.info, old.path, old.named, old.rotated, old.grew = opened, info, path, false, true, now
	f.files = slices.Insert(f.files, 0, &old)
	f.addMissed(file.path, info.ModTime(), now)
	n, err = f.read(&old, now, budget, emit)
	if old.done() { // nobody writes to a copy
		old.split.finish(now, emit(&old))
	}
	return n, err
}

// retire closes files that have no name any more and do not grow.
func (f *Follower) retire(now time.Time, emit emitter) error {
	var err error
	f.files = slices.DeleteFunc(f.files, func(file *file) bool {
		if file.named {
			file.rotated = false
			return false
		}
		if !file.rotated {
			file.rotated = true
			f.counts.Rotated++
		}
		idle := file.done() && !now.Before(file.grew.Add(wait))
		if idle && f.log.AutoRemoval {
			err = errors.Join(err, f.remove(file, now, emit(file)))
		}
		if !idle || now.Sub(file.grew) < linger {
			return false
		}
		file.split.finish(now, emit(file))
		f.keep(file)
		err = errors.Join(err, file.Close())
		return true
	})
	return err
}

// keep remembers how far a file was read that is closed now.
func (f *Follower) keep(file *file) {
	f.closed = append(f.closed, file.position())
	f.closed = f.closed[max(0, len(f.closed)-maxClosed):]
}

// remove deletes a file that a newer one has followed, if its name is still its own and
// its last records are of an earlier poll: they are safe then.
func (f *Follower) remove(file *file, now time.Time, emit func(string)) error {
	if file.pending() {
		file.split.finish(now, emit)
		return nil
	}
	info, err := os.Stat(file.path)
	if err != nil || !os.SameFile(info, file.info) || info.Size() != file.split.next || !now.After(file.emitted) {
		return nil //nolint:nilerr // it is gone
	}
	f.counts.Removed++
	return os.Remove(file.path)
}
