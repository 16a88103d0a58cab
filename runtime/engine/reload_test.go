package engine_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
)

// source is what the rule files say at the moment.
type source struct {
	mu       sync.Mutex
	set      *rulefile.Set
	findings diag.List
	err      error
	reads    int
}

func (s *source) read(context.Context) (*rulefile.Set, diag.List, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	return s.set, s.findings, s.err
}

func (s *source) say(set *rulefile.Set, findings diag.List, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set, s.findings, s.err = set, findings, err
}

func (s *source) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads
}

func TestAFailedReloadKeepsTheOldRulesAndStaysVisible(t *testing.T) {
	w := newWorld(t, orders)
	s := &source{}
	warning := diag.Finding{Code: "L001", Severity: diag.Warning, File: "a.yaml", Message: "may start itself"}
	mistake := diag.Finding{Code: "P003", File: "a.yaml", Pos: diag.Pos{Line: 3, Column: 1}, Message: "quote it"}
	reload := func(want error) engine.ReloadStatus {
		t.Helper()
		w.now = w.now.Add(time.Minute)
		if _, err := w.Reload(t.Context(), s.read); !errors.Is(err, want) {
			t.Fatalf("Reload = %v, want %v", err, want)
		}
		return w.ReloadStatus()
	}
	s.say(set(t, loop), diag.List{warning}, nil)
	good := reload(nil)
	if !good.OK || good.Error != "" || len(good.Findings) != 1 || !good.LastOK.Equal(w.now) {
		t.Errorf("a reload with a warning: %+v", good)
	}
	s.say(set(t, orders), diag.List{warning, mistake}, nil)
	for n := 1; n <= 2; n++ {
		bad := reload(engine.ErrFindings)
		if bad.OK || bad.Failures != n || !bad.LastOK.Equal(good.LastOK) || !bad.At.Equal(w.now) || !strings.Contains(bad.Error, "a.yaml:3:1") {
			t.Errorf("a reload with an error: %+v", bad)
		}
	}
	if r := w.send("e1", "shop", `{"amount":1250,"country":"US"}`); len(r.Matched) != 1 {
		t.Errorf("rules %v matched, want those of before", r.Matched)
	}
	s.say(nil, nil, os.ErrNotExist)
	if bad := reload(os.ErrNotExist); bad.Failures != 3 {
		t.Errorf("a reload that could not read: %+v", bad)
	}
	s.say(set(t, orders), nil, nil)
	if good := reload(nil); !good.OK || good.Failures != 0 || good.Error != "" {
		t.Errorf("a reload after the mistake was mended: %+v", good)
	}
}

func TestWatchReloadsOnASignalAndRepeatsItsError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		e, err := engine.New(engine.Config{Store: memory.New(memory.Config{}), Plugins: &plugins{},
			Log: hclog.New(&hclog.LoggerOptions{Output: &b, Level: hclog.Error})})
		if err != nil {
			t.Fatal(err)
		}
		s := &source{}
		s.say(nil, diag.List{{Code: "P003", File: "a.yaml", Message: "quote it"}}, nil)
		ctx, cancel := context.WithCancel(t.Context())
		kick, done := make(chan os.Signal, 1), make(chan bool)
		go func() { e.WatchSignals(ctx, kick, s.read); close(done) }()
		kick <- syscall.SIGHUP
		synctest.Wait()
		time.Sleep(3*time.Minute + time.Second)
		s.say(set(t, orders), nil, nil)
		kick <- syscall.SIGHUP
		synctest.Wait()
		time.Sleep(3 * time.Minute)
		cancel()
		<-done
		if n := strings.Count(b.String(), "still not in force"); n != 3 {
			t.Errorf("the log repeated the error %d times in three minutes, want 3:\n%s", n, &b)
		}
		if n := s.count(); n != 2 {
			t.Errorf("%d reloads for two signals", n)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
}

// waitFor waits for what another goroutine will do, as long as the test may take.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); {
		if time.Now().After(end) {
			t.Fatal("it did not come to: " + what)
		}
	}
}

func TestWatchReloadsWhenFilesChange(t *testing.T) {
	dir := t.TempDir()
	write := func(name string) {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("version: 1\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("a.yaml")
	w := newWorld(t, orders)
	s := &source{}
	s.say(set(t, loop), nil, nil)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan bool)
	go func() { w.Watch(ctx, []string{dir}, nil, s.read); close(done) }()
	// The watch may begin after a write, so each is made until it is seen.
	writeUntilRead := func(name string) {
		t.Helper()
		before := s.count()
		waitFor(t, "a reload after a change of "+name, func() bool {
			write(name)
			<-time.After(300 * time.Millisecond) // longer than changes are waited for
			return s.count() > before
		})
	}
	writeUntilRead("a.yaml")
	writeUntilRead("deep/deeper/b.yaml")
	writeUntilRead("deep/deeper/b.yaml")
	cancel()
	<-done
	if st := w.ReloadStatus(); !st.OK {
		t.Errorf("status %+v", st)
	}
}

func TestRunLetsGoOfWhatIsOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.New(memory.Config{})
		e, err := engine.New(engine.Config{Store: s, Plugins: &plugins{}, Keep: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Load(t.Context(), set(t, loop)); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- e.Run(ctx) }()
		put := func(id string) {
			if _, err := e.Put(ctx, []service.Submission{{Event: newEvent(t, id, "shop", "{}")}}); err != nil {
				t.Error(err)
			}
		}
		put("old")
		time.Sleep(45 * time.Minute)
		put("new")
		time.Sleep(45 * time.Minute)
		if _, ok, _ := s.Lookup(ctx, "old"); ok {
			t.Error("an event of 90 minutes ago is kept for more than its hour")
		}
		if _, ok, _ := s.Lookup(ctx, "new"); !ok {
			t.Error("an event of 45 minutes ago is not kept for its hour")
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
}
