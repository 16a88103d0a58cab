package logfile

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/logs"
)

const (
	// wait is how long a record waits for more lines.
	wait = time.Second
	// linger is how long a file that has another name now is kept open after it grew
	// for the last time: its writer may not know yet.
	linger = time.Minute
	// maxClosed bounds how many positions of closed files are kept.
	maxClosed = 256
)

// Counts are what a follower has seen.
type Counts struct {
	Records, Bytes int
	// Filtered are records that a filter kept back, Truncated lines that were cut.
	Filtered, Truncated int
	// Rotated are files that got another name or went away, Cut files that shrank and of
	// which no copy holds the rest.
	Rotated, Cut int
	// Removed are files that AutoRemoval deleted.
	Removed int
}

// Plus is the sum of two counts.
func (c Counts) Plus(o Counts) Counts {
	return Counts{
		Records: c.Records + o.Records, Bytes: c.Bytes + o.Bytes, Filtered: c.Filtered + o.Filtered, Truncated: c.Truncated + o.Truncated,
		Rotated: c.Rotated + o.Rotated, Cut: c.Cut + o.Cut, Removed: c.Removed + o.Removed,
	}
}

// Follower follows the files of one Log. It is not for concurrent use.
type Follower struct {
	log   Log
	glob  glob
	files []*file // those that others followed first
	// closed are positions of files that are not open: at first those that were saved.
	closed []Position
	begun  bool
	counts Counts
}

// NewFollower begins where the saved positions say.
func NewFollower(l Log, saved []Position) (*Follower, error) {
	g, err := newGlob(l.Path)
	if err != nil {
		return nil, err
	}
	if l.Location == nil {
		l.Location = time.Local
	}
	return &Follower{log: l, glob: g, closed: slices.Clone(saved)}, nil
}

// Counts returns what was seen so far.
func (f *Follower) Counts() Counts { return f.counts }

// Poll looks for files and returns what is new in them; it stops reading after about
// budget bytes and goes on at the next call. Errors are those of single files; records
// come with them.
func (f *Follower) Poll(now time.Time, budget int) ([]logs.Record, error) {
	var records []logs.Record
	emit := f.emitter(&records, now)
	if !f.begun {
		f.resume(now)
	}
	err := f.discover(now)
	for _, file := range slices.Clone(f.files) { // a cut file adds its copy
		n, e := f.read(file, now, budget, emit)
		budget -= n
		err = errors.Join(err, e)
	}
	f.begun = true
	return records, errors.Join(err, f.retire(now, emit))
}

// Flush ends the records that wait for more lines.
func (f *Follower) Flush(now time.Time) []logs.Record {
	var records []logs.Record
	emit := f.emitter(&records, now)
	for _, file := range f.files {
		file.split.flush(emit(file))
	}
	return records
}

// Positions says how far the records reach that were returned.
func (f *Follower) Positions() []Position {
	list := slices.Clone(f.closed)
	for _, file := range f.files {
		list = append(list, file.position())
	}
	return list
}

// Close closes the files.
func (f *Follower) Close() error {
	var err error
	for _, file := range f.files {
		err = errors.Join(err, file.Close())
	}
	f.files = nil
	return err
}

// emitter gives the function that takes a file's texts.
type emitter func(*file) func(text string)

// emitter adds records to a list.
func (f *Follower) emitter(records *[]logs.Record, now time.Time) emitter {
	return func(file *file) func(string) {
		return func(text string) {
			r, ok := f.log.record(text, &file.lastTime, now)
			if !ok {
				f.counts.Filtered++
				return
			}
			if f.log.All {
				r.Stream += "_" + strings.Trim(unfit.ReplaceAllString(file.path, "_"), "_")
			}
			f.counts.Records++
			file.emitted = now
			*records = append(*records, r)
		}
	}
}

// unfit are the characters of a path that are written as _ in the name of a stream.
var unfit = regexp.MustCompile(`[^A-Za-z0-9.\-]+`)

// resume opens the files of the saved positions, under whatever name they have now, and
// those that came and were rotated since.
func (f *Follower) resume(now time.Time) {
	rotated := map[string]time.Time{} // when the file that had a path was written last
	for _, p := range slices.Clone(f.closed) {
		opened, info, path := p.open()
		if opened == nil {
			opened, info, path = p.openCopy(f.knows)
		}
		if opened == nil {
			continue // it may come back: a disk that is not mounted yet
		}
		f.forget(p)
		f.files = append(f.files, newFile(opened, info, path, &f.log, p.Offset, now))
		if path != p.Path && info.ModTime().After(rotated[p.Path]) {
			rotated[p.Path] = info.ModTime()
		}
	}
	for path, at := range rotated {
		f.addMissed(path, at, now)
	}
}

// generation is how rotation ends a name: app.log.1, app.log-20261122.
var generation = regexp.MustCompile(`^[._-]?\d[\d._T-]*$`)

// addMissed follows files that had a path after another one was written there last, and
// that nobody has seen: they were made and rotated between two looks, or two runs.
func (f *Follower) addMissed(path string, after, now time.Time) {
	for _, other := range slices.Backward(beside(path)) {
		if suffix, ok := strings.CutPrefix(other, path); !ok || !generation.MatchString(suffix) {
			continue
		}
		opened, info := openIf(other, func(opened *os.File, info os.FileInfo) bool {
			return !info.ModTime().Before(after) && !f.knows(opened, info) && !f.isCopy(opened, info)
		})
		if opened != nil {
			missed := newFile(opened, info, other, &f.log, 0, now)
			missed.named, missed.rotated = false, true
			f.files = append(f.files, missed)
			f.counts.Rotated++
		}
	}
}

// isCopy says whether a file is a copy of one that is followed.
func (f *Follower) isCopy(opened *os.File, info os.FileInfo) bool {
	return slices.ContainsFunc(f.files, func(file *file) bool { return file.copiedTo(opened, info) })
}

// discover finds files that are not followed yet, and the new names of those that are.
func (f *Follower) discover(now time.Time) error {
	matches := slices.DeleteFunc(f.glob.files(), func(m found) bool {
		return f.log.Blacklist != nil && f.log.Blacklist.MatchString(filepath.Base(m.path))
	})
	for _, file := range f.files {
		file.named = false
	}
	var err error
	wanted := f.wanted(matches)
	for _, file := range slices.Clone(f.files) {
		if at, renamed := file.renamed(wanted); renamed {
			f.addMissed(file.path, at, now)
		}
	}
	for _, m := range wanted {
		file := f.following(m.info)
		if file == nil {
			var e error
			if file, e = f.open(m, now); file == nil {
				err = errors.Join(err, e)
				continue
			}
			f.files = append(f.files, file)
		}
		file.path, file.named = m.path, true
	}
	return err
}

// wanted are the files to follow: all, or the newest.
func (f *Follower) wanted(matches []found) []found {
	if f.log.All || len(matches) < 2 {
		return matches
	}
	newest := slices.MaxFunc(matches, func(a, b found) int { return a.info.ModTime().Compare(b.info.ModTime()) })
	return []found{newest}
}

func (f *Follower) following(info os.FileInfo) *file {
	for _, file := range f.files {
		if os.SameFile(file.info, info) {
			return file
		}
	}
	return nil
}

// knows says whether a file is or was followed. An inode alone proves nothing: a new file
// may have that of one that was deleted.
func (f *Follower) knows(opened *os.File, info os.FileInfo) bool {
	return f.following(info) != nil || slices.ContainsFunc(f.closed, func(p Position) bool { return p.Checked > 0 && p.is(opened, info) })
}

// open begins a file, where its position says if it has one. It returns nil for one that
// is a copy of a file that is followed, or that is gone again.
func (f *Follower) open(m found, now time.Time) (*file, error) {
	opened, err := os.Open(m.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil // the next poll sees what became of it
	}
	if err != nil {
		return nil, err
	}
	info, err := opened.Stat()
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	at := int64(0)
	if i := slices.IndexFunc(f.closed, func(p Position) bool { return p.is(opened, info) }); i >= 0 {
		at = f.closed[i].Offset
		f.forget(f.closed[i])
	} else if f.isCopy(opened, info) {
		return nil, opened.Close()
	} else if f.log.FromEnd && !f.begun {
		at = info.Size()
	}
	return newFile(opened, info, m.path, &f.log, at, now), nil
}

func (f *Follower) forget(p Position) {
	f.closed = slices.DeleteFunc(f.closed, func(o Position) bool { return o == p })
}
