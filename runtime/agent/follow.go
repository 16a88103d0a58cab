package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/agent/logfile"
	"github.com/tocsin-engine/tocsin/ingest/logs"
)

const (
	// poll is the time between looks at the log files.
	poll = time.Second
	// pollBytes bounds what one look takes, so that what it makes fits in memory.
	pollBytes = 2 << 20
)

// follower follows all logs of a plan and keeps their positions in a file.
type follower struct {
	path  string
	logs  []*logfile.Follower
	names []string
	// unsaved are records that the queue did not take yet; saved is what the file holds.
	unsaved [][]byte
	saved   string

	mu    sync.Mutex // of total, which others read
	total logfile.Counts
}

// positionsFile is the file of positions: for each log, by name, those of its files.
type positionsFile struct {
	Version int                           `json:"version"`
	Logs    map[string][]logfile.Position `json:"logs"`
}

func newFollower(list []logfile.Log, path string) (*follower, error) {
	f := &follower{path: path}
	saved := positionsFile{}
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("agent: %w", err)
	}
	if err == nil {
		if err := json.Unmarshal(text, &saved); err != nil {
			return nil, fmt.Errorf("agent: %s is damaged; delete it, and all files are read from their start: %w", path, err)
		}
	}
	for _, l := range list {
		name := strings.Join([]string{l.Path, l.Group, l.Stream}, "|")
		one, err := logfile.NewFollower(l, saved.Logs[name])
		if err != nil {
			return nil, errors.Join(err, f.close())
		}
		f.logs, f.names = append(f.logs, one), append(f.names, name)
	}
	return f, nil
}

// poll looks at all logs, and reads about budget bytes. more says that there is more.
func (f *follower) poll(now time.Time, budget int) (records []logs.Record, more bool, err error) {
	left := budget
	for _, l := range f.logs {
		before := l.Counts().Bytes
		some, e := l.Poll(now, left)
		records, err = append(records, some...), errors.Join(err, e)
		left = max(0, left-(l.Counts().Bytes-before))
	}
	f.count()
	return records, budget > 0 && left == 0, err
}

// flush gives the records that wait for more lines.
func (f *follower) flush(now time.Time) (records []logs.Record) {
	for _, l := range f.logs {
		records = append(records, l.Flush(now)...)
	}
	f.count()
	return records
}

// count adds the logs' counts up.
func (f *follower) count() {
	var t logfile.Counts
	for _, l := range f.logs {
		t = t.Plus(l.Counts())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.total = t
}

func (f *follower) counts() logfile.Counts {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.total
}

// save keeps the positions. A crash after the records were queued and before this makes
// lines come twice, none is lost.
func (f *follower) save() error {
	p := positionsFile{Version: 1, Logs: map[string][]logfile.Position{}}
	for i, l := range f.logs {
		p.Logs[f.names[i]] = l.Positions()
	}
	text, err := json.MarshalIndent(p, "", " ")
	if err != nil || string(text) == f.saved {
		return err
	}
	if err := replaceFile(f.path, text); err != nil {
		return fmt.Errorf("agent: %w", err)
	}
	f.saved = string(text)
	return nil
}

// replaceFile writes a file anew; a crash leaves the old one or the new one.
func replaceFile(path string, text []byte) error {
	w, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	if err = errors.Join(err, w.Sync(), w.Close()); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func (f *follower) close() error {
	var err error
	for _, l := range f.logs {
		err = errors.Join(err, l.Close())
	}
	return err
}

// follow looks at the log files until ctx ends.
func (a *Agent) follow(ctx context.Context) {
	for len(a.files.logs) > 0 {
		pause := poll
		if a.pollFiles() {
			pause = 0
		}
		if !wait(ctx, pause) {
			return
		}
	}
}

// pollFiles looks at the log files once. more says that there is more to read at once.
func (a *Agent) pollFiles() (more bool) {
	budget := pollBytes
	if len(a.files.unsaved) > 0 {
		budget = 0
	}
	records, more, err := a.files.poll(a.c.Now(), budget)
	if err != nil {
		a.counts.errors.Add(1)
		if a.reading.again(err, a.c.Now()) {
			a.log.Warn("not every log file could be read", "error", err)
		}
	}
	return a.takeIn(records) && more
}

// takeIn puts records into their queue and keeps the positions behind them. Records for
// which there is no room stay, and nothing more is read until there is: the files are
// the longer queue.
func (a *Agent) takeIn(records []logs.Record) bool {
	for _, r := range records {
		a.files.unsaved = append(a.files.unsaved, encodeRecord(r))
	}
	if a.files.unsaved = a.logs.putFitting(a.files.unsaved); len(a.files.unsaved) > 0 {
		return false
	}
	if err := a.files.save(); err != nil {
		a.counts.errors.Add(1)
		if a.keeping.again(err, a.c.Now()) {
			a.log.Error("the positions of log files cannot be kept", "error", err)
		}
	}
	return true
}
