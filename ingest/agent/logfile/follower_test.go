package logfile

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

// world is a folder with log files, a follower of them and a clock.
type world struct {
	t   *testing.T
	dir string
	log Log
	f   *Follower
	now time.Time
	// got are the messages that were returned, saved the positions after the last poll.
	got   []string
	saved []Position
}

func newWorld(t *testing.T, l Log) *world {
	w := &world{t: t, dir: t.TempDir(), log: l, now: noon}
	w.log.Path = filepath.Join(w.dir, l.Path)
	w.start()
	t.Cleanup(func() { _ = w.f.Close() })
	return w
}

func (w *world) start() {
	w.t.Helper()
	f, err := NewFollower(w.log, w.saved)
	if err != nil {
		w.t.Fatal(err)
	}
	w.f = f
}

// restart is a process that ends and begins again, with the positions it had saved.
func (w *world) restart() {
	if err := w.f.Close(); err != nil {
		w.t.Fatal(err)
	}
	w.start()
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) do(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// write appends to a file, and makes it if it is not there.
func (w *world) write(name, text string) {
	w.t.Helper()
	f, err := os.OpenFile(w.path(name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	w.do(err)
	_, err = f.WriteString(text)
	w.do(err)
	w.do(f.Close())
}

func (w *world) rename(from, to string) { w.t.Helper(); w.do(os.Rename(w.path(from), w.path(to))) }

func (w *world) copyTruncate(from, to string) {
	w.t.Helper()
	b, err := os.ReadFile(w.path(from))
	w.do(err)
	w.do(os.WriteFile(w.path(to), b, 0o600))
	w.do(os.Truncate(w.path(from), 0))
}

// poll polls once, after some time.
func (w *world) poll(after time.Duration, budget int) {
	w.t.Helper()
	w.now = w.now.Add(after)
	records, err := w.f.Poll(w.now, budget)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range records {
		w.got = append(w.got, r.Message)
	}
	w.saved = w.f.Positions()
}

// want polls until everything must have come.
func (w *world) want(messages ...string) {
	w.t.Helper()
	w.poll(wait, 1<<20)
	w.poll(wait, 1<<20)
	if diff := cmp.Diff(messages, w.got); diff != "" {
		w.t.Error(diff)
	}
	w.got = nil
}

func TestFollow(t *testing.T) {
	for _, tc := range []struct {
		name string
		log  Log
		do   func(w *world)
	}{
		{"created late, then growing", Log{Path: "app.log"}, func(w *world) {
			w.want()
			w.write("app.log", "a\nb")
			w.want("a")
			w.write("app.log", "\nc\n")
			w.want("b", "c")
		}},
		{"renamed, and written to under the old name", Log{Path: "app.log"}, func(w *world) {
			w.write("app.log", "a\n")
			w.want("a")
			w.write("app.log", "b\n")
			w.rename("app.log", "app.log.1")
			w.write("app.log.1", "c\n")
			w.write("app.log", "d\n")
			w.want("b", "c", "d")
			w.write("app.log.1", "e\n")
			w.want("e")
			w.poll(linger, 1<<20)
			if n := len(w.f.files); n != 1 {
				w.t.Errorf("%d files are open", n)
			}
			if c := w.f.Counts(); c.Rotated != 1 || c.Cut != 0 || c.Records != 5 {
				w.t.Errorf("%+v", c)
			}
		}},
		{"copied and cut", Log{Path: "app.log"}, func(w *world) {
			w.write("app.log", "a\n")
			w.want("a")
			w.write("app.log", "b\n")
			w.copyTruncate("app.log", "app.log.1")
			w.write("app.log", "c\n")
			w.want("b", "c")
		}},
		{"copied and cut, and longer than before", Log{Path: "app.log"}, func(w *world) {
			w.write("app.log", "a\n")
			w.want("a")
			w.write("app.log", "b\n")
			w.copyTruncate("app.log", "app.log.1")
			w.write("app.log", "c\nd\ne\n")
			w.want("b", "c", "d", "e")
		}},
		{"a copy that the pattern names too", Log{Path: "app.log*", All: true}, func(w *world) {
			w.write("app.log", "a\n")
			w.want("a")
			w.write("app.log", "b\n")
			w.copyTruncate("app.log", "app.log.1")
			w.write("app.log", "c\n")
			w.want("b", "c")
		}},
		{"a renamed file that the pattern names too", Log{Path: "app.log*", All: true}, func(w *world) {
			w.write("app.log", "a\n")
			w.want("a")
			w.rename("app.log", "app.log.1")
			w.write("app.log", "b\n")
			w.want("b")
			w.poll(2*linger, 1<<20)
			w.want()
		}},
		{"cut without a copy", Log{Path: "app.log"}, func(w *world) {
			w.write("app.log", "a\nb")
			w.want("a")
			w.do(os.Truncate(w.path("app.log"), 0))
			w.write("app.log", "c\n")
			w.want("b", "c")
			if c := w.f.Counts(); c.Cut != 1 {
				w.t.Errorf("%+v", c)
			}
		}},
		{"deleted and made again", Log{Path: "app.log"}, func(w *world) {
			w.write("app.log", "a\n")
			w.want("a")
			w.do(os.Remove(w.path("app.log")))
			w.want()
			w.write("app.log", "a\n")
			w.want("a")
		}},
		{"deleted before it was read to its end", Log{Path: "app.log"}, func(w *world) {
			w.write("app.log", "a\n")
			w.want("a")
			w.write("app.log", "b\n")
			w.do(os.Remove(w.path("app.log")))
			w.want("b")
		}},
		{"only the newest of many", Log{Path: "app-*.log"}, func(w *world) {
			w.write("app-1.log", "old\n")
			w.write("app-2.log", "a\n")
			w.do(os.Chtimes(w.path("app-1.log"), noon, noon.Add(-time.Hour)))
			w.want("a")
			w.write("app-2.log", "b\n")
			w.write("app-3.log", "c\n")
			w.do(os.Chtimes(w.path("app-3.log"), noon, time.Now().Add(time.Hour)))
			w.want("b", "c")
		}},
		{"all of many, by folder", Log{Path: "**/*.log", All: true}, func(w *world) {
			w.do(os.MkdirAll(w.path("x/y"), 0o700))
			w.write("x/a.log", "a\n")
			w.write("x/y/b.log", "b\n")
			w.write("x/y/b.log.gz", "no\n")
			w.want("a", "b")
		}},
		{"a blacklist", Log{Path: "*.log", All: true, Blacklist: regexp.MustCompile("^debug")}, func(w *world) {
			w.write("app.log", "a\n")
			w.write("debug.log", "no\n")
			w.want("a")
		}},
		{"from the end, but new files from their start", Log{Path: "*.log", All: true, FromEnd: true}, func(w *world) {
			w.write("a.log", "old\n")
			w.want()
			w.write("a.log", "a\n")
			w.write("b.log", "b\n")
			w.want("a", "b")
		}},
		{"filters", Log{Path: "app.log", Filters: []Filter{{Expression: regexp.MustCompile("ERROR")}, {true, regexp.MustCompile(`4\d\d`)}}}, func(w *world) {
			w.write("app.log", "INFO\nERROR 404\nERROR 500\n")
			w.want("ERROR 500")
			if c := w.f.Counts(); c.Filtered != 2 || c.Records != 1 {
				w.t.Errorf("%+v", c)
			}
		}},
		{"removed when a newer one follows", Log{Path: "app-*.log", AutoRemoval: true}, func(w *world) {
			w.write("app-1.log", "a\n")
			w.want("a")
			w.poll(linger, 1<<20)
			w.write("app-1.log", "b\nc")
			w.write("app-2.log", "d\n")
			w.do(os.Chtimes(w.path("app-2.log"), noon, time.Now().Add(time.Hour)))
			w.want("b", "d", "c")
			w.poll(wait, 1<<20)
			if _, err := os.Stat(w.path("app-1.log")); !os.IsNotExist(err) {
				w.t.Errorf("app-1.log: %v", err)
			}
			if _, err := os.Stat(w.path("app-2.log")); err != nil || w.f.Counts().Removed != 1 {
				w.t.Errorf("app-2.log: %v", err)
			}
		}},
		{"a record waits for its lines", Log{Path: "app.log"}, func(w *world) {
			w.write("app.log", "a\n")
			w.poll(0, 1<<20)
			w.write("app.log", " b\n")
			w.poll(wait/2, 1<<20)
			if len(w.got) > 0 {
				w.t.Errorf("too early: %q", w.got)
			}
			w.want("a\n b")
		}},
		{"flush does not wait", Log{Path: "app.log"}, func(w *world) {
			w.write("app.log", "a\nb\nc")
			w.poll(0, 1<<20)
			if got := w.f.Flush(w.now); len(w.got) != 1 || len(got) != 1 || got[0].Message != "b" {
				w.t.Errorf("%q, then %v", w.got, got)
			}
		}},
		{"a budget", Log{Path: "app.log"}, func(w *world) {
			w.write("app.log", "a\nb\nc\nd\n")
			w.poll(0, 0)
			w.poll(0, 4)
			if !slices.Equal(w.got, []string{"a"}) {
				w.t.Errorf("%q of a, and b waiting", w.got)
			}
			w.want("a", "b", "c", "d")
		}},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.do(newWorld(t, tc.log)) })
	}
}

func TestRestart(t *testing.T) {
	for _, tc := range []struct {
		name string
		do   func(w *world)
		want []string
	}{
		{"nothing happened", func(w *world) { w.write("app.log", "d\n") }, []string{"b", "d"}},
		{"renamed", func(w *world) { w.rename("app.log", "app.log.1"); w.write("app.log", "d\n") }, []string{"b", "d"}},
		{"renamed twice", func(w *world) {
			w.rename("app.log", "app.log.1")
			w.write("app.log", "d\n")
			w.rename("app.log.1", "app.log.2")
			w.rename("app.log", "app.log.1")
			w.write("app.log", "e\n")
		}, []string{"b", "d", "e"}},
		{"copied and cut twice", func(w *world) {
			w.copyTruncate("app.log", "app.log.1")
			w.write("app.log", "d\n")
			w.rename("app.log.1", "app.log.2")
			w.copyTruncate("app.log", "app.log.1")
			w.write("app.log", "e\n")
		}, []string{"b", "d", "e"}},
		{"copied and cut", func(w *world) { w.copyTruncate("app.log", "app.log.1"); w.write("app.log", "d\n") }, []string{"b", "d"}},
		{"cut and refilled", func(w *world) {
			w.do(os.Truncate(w.path("app.log"), 0))
			w.write("app.log", "x\ny\nz\n")
		}, []string{"x", "y", "z"}},
		{"gone", func(w *world) { w.do(os.Remove(w.path("app.log"))) }, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, Log{Path: "app.log"})
			w.write("app.log", "a\nb\n")
			w.poll(0, 1<<20) // b waits for more lines, and is not safe
			w.got = nil
			tc.do(w)
			w.restart()
			w.want(tc.want...)
		})
	}
}

// TestNothingIsLost: a writer writes numbered lines, sometimes in parts, a rotator
// renames, copies and cuts, the follower reads in small pieces and is started again now
// and then. Every line comes; without a restart none comes twice.
func TestNothingIsLost(t *testing.T) {
	for seed := range uint64(24) {
		restarts := seed%2 == 1
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			w := newWorld(t, Log{Path: "app.log"})
			written := 0
			unfinished := ""
			finish := func() { w.write("app.log", unfinished); unfinished = "" }
			for range 300 {
				switch n := random.IntN(20); {
				case n < 10:
					finish()
					written++
					line := fmt.Sprintf("line %d %s\n", written, strings.Repeat("x", random.IntN(40)))
					at := random.IntN(len(line))
					w.write("app.log", line[:at])
					unfinished = line[at:]
				case n < 11:
					finish()
					w.poll(0, 0) // within a second a file is seen before it is rotated
					rotate(w, func() { w.rename("app.log", "app.log.1") })
				case n < 12:
					finish()
					w.poll(0, 0)
					rotate(w, func() { w.copyTruncate("app.log", "app.log.1") })
				case n < 13 && restarts:
					w.restart()
				default:
					w.poll(time.Duration(random.IntN(2000))*time.Millisecond, random.IntN(120))
				}
			}
			finish()
			for range 20 {
				w.poll(wait, 1<<20)
			}
			check(t, w.got, written, restarts)
		})
	}
}

// rotate moves app.log.1 to app.log.9 on by one and calls for a new app.log.1.
func rotate(w *world, first func()) {
	if _, err := os.Stat(w.path("app.log")); err != nil {
		return
	}
	for n := 30; n > 0; n-- {
		if _, err := os.Stat(w.path(fmt.Sprint("app.log.", n))); err == nil {
			w.rename(fmt.Sprint("app.log.", n), fmt.Sprint("app.log.", n+1))
		}
	}
	first()
}

func check(t *testing.T, got []string, written int, twice bool) {
	t.Helper()
	times := make([]int, written+1)
	for _, message := range got {
		var n int
		if _, err := fmt.Sscanf(message, "line %d ", &n); err != nil || n < 1 || n > written {
			t.Fatalf("there is no line %q", message)
		}
		times[n]++
	}
	for n := 1; n <= written; n++ {
		if times[n] == 0 || times[n] > 1 && !twice {
			t.Errorf("line %d of %d came %d times", n, written, times[n])
		}
	}
}

// TestRealLogs: every line of two real logs is a record of its own, with its own time.
func TestRealLogs(t *testing.T) {
	for _, tc := range []struct {
		file, format string
		now          time.Time
		first, last  string
	}{
		{"Apache/Apache_2k.log", "%a %b %d %H:%M:%S %Y", noon, "2005-12-04T04:47:44Z", "2005-12-05T19:15:57Z"},
		{"OpenSSH/OpenSSH_2k.log", "%b %d %H:%M:%S", time.Date(2017, 1, 3, 0, 0, 0, 0, time.UTC), "2016-12-10T06:55:46Z", "2016-12-10T11:04:43Z"},
	} {
		t.Run(tc.file, func(t *testing.T) {
			path := sharedtest.Path(t, "logs/loghub/"+tc.file)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			format, err := ParseTimestamp(tc.format)
			if err != nil {
				t.Fatal(err)
			}
			f, err := NewFollower(Log{Path: path, Timestamp: format, Location: time.UTC, Start: format.Regexp()}, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			records, err := f.Poll(tc.now, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			records = append(records, f.Flush(tc.now)...)
			lines := strings.Split(strings.TrimRight(strings.ReplaceAll(string(text), "\r", ""), "\n"), "\n")
			if !strings.HasSuffix(string(text), "\n") {
				lines = lines[:len(lines)-1] // the last is not finished
			}
			if len(records) != len(lines) || len(lines) < 1999 {
				t.Fatalf("%d records of %d lines", len(records), len(lines))
			}
			for i, r := range records {
				if r.Message != strings.TrimRight(lines[i], " ") && r.Message != lines[i] || r.Time.Equal(tc.now) {
					t.Fatalf("line %d is %q at %v", i+1, r.Message, r.Time)
				}
			}
			if first, last := records[0].Time.Format(time.RFC3339), records[len(records)-1].Time.Format(time.RFC3339); first != tc.first || last != tc.last {
				t.Errorf("from %s to %s, want %s to %s", first, last, tc.first, tc.last)
			}
		})
	}
}
