package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// disk is a file system that fails when it is told to.
type disk struct {
	vfs.VFS
	// breakSync makes every fsync fail, full every write that makes a file longer, of
	// files whose name holds its text.
	breakSync, full atomic.Pointer[string]
	syncs           atomic.Int64
	logWrites       atomic.Int64 // to the write-ahead logs of events
}

var disks atomic.Int64 // names their file systems

func faulty(t *testing.T) (*disk, Config) {
	d := &disk{VFS: vfs.Find("os")}
	name := fmt.Sprint("faulty", disks.Add(1))
	vfs.Register(name, fileSystem{d})
	t.Cleanup(func() { vfs.Unregister(name) })
	return d, Config{vfs: name}
}

func (d *disk) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	f, out, err := d.VFS.(vfs.VFSFilename).OpenFilename(name, flags)
	if err != nil {
		return nil, out, err
	}
	return diskFile{f, d, name.String()}, out, nil
}

type diskFile struct {
	vfs.File
	d    *disk
	name string
}

func (f diskFile) hit(fault *atomic.Pointer[string]) bool {
	text := fault.Load()
	return text != nil && strings.Contains(f.name, *text)
}

func (f diskFile) Sync(flags vfs.SyncFlag) error {
	f.d.syncs.Add(1)
	if f.hit(&f.d.breakSync) {
		return vfs.SystemError(syscall.EIO, sqlite3.IOERR_FSYNC)
	}
	return f.File.Sync(flags)
}

func (f diskFile) WriteAt(p []byte, off int64) (int, error) {
	if strings.Contains(f.name, Folder) && strings.HasSuffix(f.name, "-wal") {
		f.d.logWrites.Add(1)
	}
	if size, err := f.Size(); f.hit(&f.d.full) && err == nil && off+int64(len(p)) > size {
		return 0, &fs.PathError{Op: "write", Path: f.name, Err: syscall.ENOSPC}
	}
	return f.File.WriteAt(p, off)
}

func (f diskFile) SharedMemory() vfs.SharedMemory {
	return f.File.(vfs.FileSharedMemory).SharedMemory()
}

func (f diskFile) Unwrap() vfs.File { return f.File }

// What the names of a store's files hold.
const (
	logFiles   = "/" + Folder + "/"
	stateFiles = "/" + File
)

func ptr(s string) *string { return &s }

func openFaulty(t *testing.T, dir string, c Config) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() }) //nolint:errcheck // it may have failed, that is the test
	return s
}

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func put(s *Store, id string, swaps ...store.Swap) error {
	e := store.Entry{ID: id, Raw: []byte(`{"id":"` + id + `"}`), Bus: "default", Received: now, Pairs: []store.Pair{{Rule: "r", Target: "t"}}}
	_, err := s.Append(context.Background(), store.Batch{Now: now, Entries: []store.Entry{e}, Swaps: swaps})
	return err
}

func read(t *testing.T, s *Store, target string) (ids []string) {
	t.Helper()
	entries, err := s.Read(t.Context(), target, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		ids = append(ids, e.ID)
	}
	return ids
}

// TestACommitIsOneWrite: however many pages of a write-ahead log it takes.
func TestACommitIsOneWrite(t *testing.T) {
	d, c := faulty(t)
	s := openFaulty(t, t.TempDir(), c)
	if err := put(s, "makes the file"); err != nil {
		t.Fatal(err)
	}
	b := store.Batch{Now: now}
	for i := range 50 {
		b.Entries = append(b.Entries, store.Entry{ID: fmt.Sprint(i), Raw: make([]byte, 1500), Pairs: []store.Pair{{Rule: "r", Target: "t"}}})
	}
	before := d.logWrites.Load()
	if _, err := s.Append(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if n := d.logWrites.Load() - before; n != 1 {
		t.Errorf("75 KB of events are %d writes", n)
	}
}

// TestAFailedFsyncIsTheEnd: after it nothing may be acknowledged, for nobody knows what
// the file holds; a restart reads what it does hold.
func TestAFailedFsyncIsTheEnd(t *testing.T) {
	for _, file := range []string{logFiles, stateFiles} {
		t.Run(file, func(t *testing.T) {
			d, c := faulty(t)
			dir := t.TempDir()
			s := openFaulty(t, dir, c)
			value := func(n int) store.Swap {
				return store.Swap{Space: "s", Key: fmt.Sprint(n), Value: []byte("v"), Version: store.AnyVersion}
			}
			if err := put(s, "before", value(0)); err != nil {
				t.Fatal(err)
			}
			d.breakSync.Store(ptr(file))
			err := put(s, "broken")
			if file == stateFiles {
				_, err = s.Apply(t.Context(), now, value(1))
			}
			if err == nil || errors.Is(err, store.ErrFull) {
				t.Errorf("a commit whose fsync failed: %v", err)
			}
			select {
			case <-s.Failed():
			default:
				t.Fatal("Failed says nothing")
			}
			d.breakSync.Store(nil) // and a second fsync would succeed
			if err := put(s, "after"); !errors.Is(err, s.Err()) {
				t.Errorf("a commit after the failure: %v, want %v", err, s.Err())
			}
			if _, err := s.Apply(t.Context(), now, value(2)); !errors.Is(err, s.Err()) {
				t.Errorf("a change of state after the failure: %v, want %v", err, s.Err())
			}
			if _, ok, err := s.Get(t.Context(), "s", "0", now); !ok || err != nil {
				t.Errorf("reads do not go on: %v, %v", ok, err)
			}
			s.Close()
			s = openFaulty(t, dir, c)
			ids := read(t, s, "t")
			if len(ids) == 0 || ids[0] != "before" || strings.Contains(strings.Join(ids, " "), "after") {
				t.Errorf("after a restart the log holds %v", ids)
			}
			if _, ok, _ := s.Get(t.Context(), "s", "2", now); ok {
				t.Error("what was refused is there")
			}
		})
	}
}

// TestAFullDisk: senders are refused at once, what is there is read and settled, and
// writes go on by themselves when there is room again.
func TestAFullDisk(t *testing.T) {
	for _, file := range []string{logFiles, stateFiles, "/"} {
		t.Run("full for "+file, func(t *testing.T) {
			d, c := faulty(t)
			s := openFaulty(t, t.TempDir(), c)
			for n := range 50 {
				if err := put(s, fmt.Sprint(n)); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Settle(t.Context(), store.Settlement{Target: "t", Cursor: 1}); err != nil {
				t.Fatal(err)
			}
			d.full.Store(ptr(file))
			s.room.bytes = 1 << 60 // nobody has that much
			var err error
			for n := 0; err == nil && n < 2000; n++ {
				if file == logFiles {
					err = put(s, fmt.Sprint("full", n))
				} else {
					_, err = s.Apply(t.Context(), now, store.Swap{Space: "s", Key: fmt.Sprint(n), Value: make([]byte, 8000)})
				}
			}
			if !errors.Is(err, store.ErrFull) {
				t.Fatalf("the disk is full: %v, want ErrFull", err)
			}
			began, release := make(chan bool), make(chan bool)
			go s.commit(t.Context(), &op{durable: true, do: func(*tx) error { close(began); <-release; return nil }})
			<-began // the writer is busy, and a refusal does not wait for it
			if err := put(s, "refused"); !errors.Is(err, store.ErrFull) {
				t.Errorf("an event on a full disk: %v, want ErrFull", err)
			}
			close(release)
			if s.Err() != nil {
				t.Fatalf("a full disk ended the store: %v", s.Err())
			}
			if ids := read(t, s, "t"); len(ids) < 50 {
				t.Errorf("%d events can be read", len(ids))
			}
			if stats, err := s.Stats(t.Context()); err != nil || !stats.Full {
				t.Errorf("stats do not say so: %+v, %v", stats, err)
			}
			d.full.Store(nil)
			s.room.bytes = reserveBytes
			if err := put(s, "again"); err != nil {
				t.Errorf("there is room again: %v", err)
			}
			if ids := read(t, s, "t"); ids[len(ids)-1] != "again" || strings.Contains(strings.Join(ids, " "), "refused") {
				t.Errorf("the log ends with %v", ids[len(ids)-2:])
			}
		})
	}
}

// TestSettlementsGoOnOnAFullDisk: the reserve is for them.
func TestSettlementsGoOnOnAFullDisk(t *testing.T) {
	d, c := faulty(t)
	s := openFaulty(t, t.TempDir(), c)
	for n := range 100 {
		if err := put(s, fmt.Sprint(n)); err != nil {
			t.Fatal(err)
		}
	}
	d.full.Store(ptr(logFiles))
	s.room.bytes = 1 << 60
	var err error
	for n := 0; err == nil && n < 1000; n++ {
		err = put(s, fmt.Sprint("full", n))
	}
	if !errors.Is(err, store.ErrFull) {
		t.Fatal(err)
	}
	for n := range 100 {
		set := store.Settlement{Target: "t", Cursor: store.Seq(n + 1)}
		if n%10 == 0 {
			set.Retry = []store.Retry{{RetryID: store.RetryID{Seq: store.Seq(n + 1), Rule: "r"}, Due: now}}
		}
		if err := s.Settle(t.Context(), set); err != nil {
			t.Fatalf("settlement %d: %v", n, err)
		}
	}
}

// TestAReserveThatSomebodyElseTook: without room for settlements deliveries wait, and the
// stats say so until there is room.
func TestAReserveThatSomebodyElseTook(t *testing.T) {
	d, c := faulty(t)
	s := openFaulty(t, t.TempDir(), c)
	settle := func(n int) error {
		return s.Settle(t.Context(), store.Settlement{Target: "t", Cursor: store.Seq(n)})
	}
	d.full.Store(ptr(stateFiles))
	s.room.bytes = 1 << 60
	n := 1
	for settle(n) == nil && n < 10_000 {
		n++
	}
	if stats, err := s.Stats(t.Context()); err != nil || !stats.Full || !stats.Stalled {
		t.Errorf("nothing can be settled, and the stats are %+v, %v", stats, err)
	}
	d.full.Store(nil)
	s.room.bytes = reserveBytes
	if err := settle(n); err != nil {
		t.Errorf("there is room again: %v", err)
	}
	if stats, err := s.Stats(t.Context()); err != nil || stats.Full || stats.Stalled {
		t.Errorf("there is room again, and the stats are %+v, %v", stats, err)
	}
}

// TestStateThatAFullDiskKeptBack: the events of a batch are in the log and its change of
// the state found no room. It is made up for before anything else.
func TestStateThatAFullDiskKeptBack(t *testing.T) {
	d, c := faulty(t)
	dir := t.TempDir()
	s := openFaulty(t, dir, c)
	if err := put(s, "first"); err != nil {
		t.Fatal(err)
	}
	d.full.Store(ptr(stateFiles))
	s.room.bytes = 1 << 60
	big := store.Swap{Space: "once", Key: "k", Value: make([]byte, 100_000)}
	if err := put(s, "second", big); err != nil {
		t.Fatalf("the events are in the log: %v", err)
	}
	if _, err := s.Apply(t.Context(), now, store.Swap{Space: "x", Key: "k", Value: make([]byte, 100_000)}); !errors.Is(err, store.ErrFull) {
		t.Fatalf("a write without room: %v", err)
	}
	d.full.Store(nil)
	s.room.bytes = reserveBytes
	if err := put(s, "third", big); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a batch that expects the state of before: %v, want ErrConflict", err)
	}
	if item, ok, err := s.Get(t.Context(), "once", "k", now); !ok || err != nil || len(item.Value) != 100_000 {
		t.Errorf("the state was not made up for: %v, %v", ok, err)
	}
}
