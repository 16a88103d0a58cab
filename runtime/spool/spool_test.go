package spool

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func open(t *testing.T, c Config) *Queue {
	t.Helper()
	q, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	return q
}

func put(t *testing.T, q *Queue, texts ...string) (dropped int) {
	t.Helper()
	var records [][]byte
	for _, s := range texts {
		records = append(records, []byte(s))
	}
	dropped, err := q.Append(records)
	if err != nil {
		t.Fatal(err)
	}
	return dropped
}

func peek(t *testing.T, q *Queue, most int) (texts []string, end Cursor) {
	t.Helper()
	list, end, err := q.Peek(most, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		texts = append(texts, string(r))
	}
	return texts, end
}

// take takes records that are done.
func take(t *testing.T, q *Queue, most int) []string {
	t.Helper()
	texts, end := peek(t, q, most)
	if err := q.Advance(end); err != nil {
		t.Fatal(err)
	}
	return texts
}

func segments(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"+suffix))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func want(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFirstInFirstOut(t *testing.T) {
	q := open(t, Config{Dir: t.TempDir()})
	put(t, q, "a", "b", "")
	put(t, q, "c")
	got, _ := peek(t, q, 2)
	want(t, got, "a", "b")
	want(t, take(t, q, 2), "a", "b")
	if q.Len() != 2 {
		t.Errorf("%d records wait", q.Len())
	}
	want(t, take(t, q, 9), "", "c")
	want(t, take(t, q, 9))
	put(t, q, "d")
	want(t, take(t, q, 9), "d")
	if n := len(segments(t, q.c.Dir)); n != 0 || q.Len() != 0 {
		t.Errorf("%d files are left of an empty queue", n)
	}
	list, _, err := q.Peek(10, 0)
	if err != nil || len(list) != 0 {
		t.Errorf("%q, %v", list, err)
	}
}

func TestPeekIsBoundedByBytes(t *testing.T) {
	q := open(t, Config{Dir: t.TempDir()})
	put(t, q, "aaaa", "bbbb", "cccc")
	list, _, err := q.Peek(10, 5)
	if err != nil || len(list) != 2 {
		t.Errorf("%q, %v", list, err)
	}
	if list, _, _ = q.Peek(10, 1); len(list) != 1 {
		t.Errorf("%q; want at least one", list)
	}
}

// TestRestarts: what was appended and not advanced over is there again, in order.
func TestRestarts(t *testing.T) {
	c := Config{Dir: t.TempDir(), SegmentBytes: 100}
	random := rand.New(rand.NewPCG(1, 2))
	next, done := 0, 0
	for range 60 {
		q := open(t, c)
		for range random.IntN(6) {
			var texts []string
			for range random.IntN(5) {
				texts = append(texts, fmt.Sprint("record ", next))
				next++
			}
			put(t, q, texts...)
			for _, got := range take(t, q, random.IntN(6)) {
				if got != fmt.Sprint("record ", done) {
					t.Fatalf("got %q, want record %d", got, done)
				}
				done++
			}
		}
		if q.Len() != next-done {
			t.Fatalf("%d records wait, want %d", q.Len(), next-done)
		}
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if done == 0 || next == done {
		t.Errorf("%d of %d: the test tests nothing", done, next)
	}
}

func TestFull(t *testing.T) {
	c := Config{Dir: t.TempDir(), MaxBytes: 400, SegmentBytes: 100}
	q := open(t, c)
	appended, dropped := 0, 0
	for appended < 100 {
		dropped += put(t, q, fmt.Sprintf("record %4d", appended))
		appended++
		if q.size() > c.MaxBytes {
			t.Fatalf("%d bytes", q.size())
		}
	}
	if dropped == 0 || q.Len() != appended-dropped {
		t.Errorf("%d dropped, %d wait", dropped, q.Len())
	}
	got := take(t, q, 1000)
	if len(got) != appended-dropped || got[0] != fmt.Sprintf("record %4d", dropped) || got[len(got)-1] != "record   99" {
		t.Errorf("%q", got)
	}
	if n := put(t, q, strings.Repeat("x", 400), "y"); n != 1 {
		t.Errorf("a record larger than the queue: %d dropped", n)
	}
	want(t, take(t, q, 9), "y")
}

func TestAppendFitting(t *testing.T) {
	q := open(t, Config{Dir: t.TempDir(), MaxBytes: 200, SegmentBytes: 50})
	next, appended, dropped := 0, 0, 0
	for range 30 {
		records := [][]byte{fmt.Appendf(nil, "record %d", next), fmt.Appendf(nil, "record %d", next+1), make([]byte, 300)}
		n, d, err := q.AppendFitting(records)
		if err != nil || q.size() > 200 {
			t.Fatalf("%v; %d bytes", err, q.size())
		}
		next, appended, dropped = next+min(n, 2), appended+n-d, dropped+d
	}
	got := take(t, q, 1000)
	if len(got) != appended || got[0] != "record 0" || got[len(got)-1] != fmt.Sprint("record ", next-1) || dropped == 0 || dropped == 30 {
		t.Errorf("%q; %d were appended, %d dropped", got, appended, dropped)
	}
}

// TestDropWhileReading: what was read and then dropped is not done twice.
func TestDropWhileReading(t *testing.T) {
	q := open(t, Config{Dir: t.TempDir(), MaxBytes: 200, SegmentBytes: 50})
	put(t, q, "first")
	_, end := peek(t, q, 1)
	for n := range 20 {
		put(t, q, fmt.Sprintf("later %14d", n))
	}
	before := q.Len()
	if err := q.Advance(end); err != nil || q.Len() != before {
		t.Errorf("%v; %d wait, %d before", err, q.Len(), before)
	}
}

func TestTornTail(t *testing.T) {
	for cut := 1; cut < 20; cut++ {
		dir := t.TempDir()
		q := open(t, Config{Dir: dir})
		put(t, q, "a", "b", "a record")
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
		file := segments(t, dir)[0]
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, b[:len(b)-cut], 0o600); err != nil {
			t.Fatal(err)
		}
		q = open(t, Config{Dir: dir})
		put(t, q, "c")
		whole := []string{"a", "b", "c"}
		if cut > frameHead+len("a record") {
			whole = []string{"a", "c"}
		}
		want(t, take(t, q, 9), whole...)
		if last := cut == frameHead+len("a record"); (q.Damaged() == 0) != last {
			t.Errorf("cut by %d: %d bytes damaged", cut, q.Damaged())
		}
	}
}

// TestDamageInTheMiddle: a bit that has turned costs its segment's rest, not the queue.
func TestDamageInTheMiddle(t *testing.T) {
	dir := t.TempDir()
	q := open(t, Config{Dir: dir, SegmentBytes: 40})
	put(t, q, "first record")
	put(t, q, "second record")
	put(t, q, "third record")
	files := segments(t, dir)
	b, err := os.ReadFile(files[1])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-1] ^= 1
	if err := os.WriteFile(files[1], b, 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, take(t, q, 9), "first record", "third record")
	if q.Damaged() == 0 || len(files) != 3 {
		t.Errorf("%d bytes damaged, %d files", q.Damaged(), len(files))
	}
}

func TestFilesOfOthersStay(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"notes.txt", "x.spool", "00.spool"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	q := open(t, Config{Dir: dir})
	put(t, q, "a")
	want(t, take(t, q, 9), "a")
	if entries, _ := os.ReadDir(dir); len(entries) != 4 { // and the cursor
		t.Errorf("%v", entries)
	}
	if _, err := Open(Config{Dir: filepath.Join(dir, "notes.txt")}); err == nil {
		t.Error("a file is opened as a folder")
	}
}

func TestQueue_hammer(t *testing.T) {
	q := open(t, Config{Dir: t.TempDir(), SegmentBytes: 1000})
	var writers sync.WaitGroup
	const each = 40
	for w := range 4 {
		writers.Go(func() {
			for n := range each {
				if _, err := q.Append([][]byte{fmt.Appendf(nil, "%d/%d", w, n)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	seen := map[string]int{}
	for len(seen) < 4*each {
		for _, s := range take(t, q, 7) {
			seen[s]++
		}
	}
	writers.Wait()
	for s, n := range seen {
		if n != 1 {
			t.Errorf("%s came %d times", s, n)
		}
	}
}

// FuzzOpen: whatever stands in a segment and the cursor, the queue opens, gives only
// records whose checksum holds, and takes new ones.
func FuzzOpen(f *testing.F) {
	whole := appendFrame(appendFrame([]byte(magic), []byte("a")), []byte("record"))
	for _, b := range [][]byte{whole, whole[:len(whole)-2], []byte(magic), {}, append(bytes.Clone(whole), 0, 0, 0, 0, 0), []byte(magic + "\xff\xff\xff\xff\x00\x00\x00\x00x")} {
		f.Add(b, []byte(`{"segment":1,"offset":17}`))
	}
	f.Fuzz(func(t *testing.T, b, cursor []byte) {
		dir := t.TempDir()
		s := segment{number: 1}
		if err := errors.Join(os.WriteFile(s.path(dir), b, 0o600), os.WriteFile(filepath.Join(dir, cursorFile), cursor, 0o600)); err != nil {
			t.Fatal(err)
		}
		q := open(t, Config{Dir: dir})
		waiting := q.Len()
		put(t, q, "new")
		got := take(t, q, 1<<20)
		if len(got) != waiting+1 || got[waiting] != "new" {
			t.Fatalf("%d were waiting, got %q", waiting, got)
		}
		rest := b
		for _, s := range got[:waiting] {
			i := bytes.Index(rest, appendFrame(nil, []byte(s)))
			if i < 0 {
				t.Fatalf("%q was never written", s)
			}
			rest = rest[i+frameHead+len(s):]
		}
	})
}
