package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/runtime/store/sqlite"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// childOf names, in the environment, the folder in which this process is to be killed.
const childOf = "TOCSIN_TEST_KILL_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childOf); dir != "" {
		publish(dir)
		return
	}
	os.Exit(m.Run())
}

// ledgerTarget writes what it was delivered to a file, which survives the process. One
// in fifty first attempts fails, one in a hundred for good.
type ledgerTarget struct {
	name string
	file *os.File
}

func (l ledgerTarget) Deliver(_ context.Context, batch []dispatch.Delivery) []dispatch.Outcome {
	out := make([]dispatch.Outcome, len(batch))
	var text strings.Builder
	for i, d := range batch {
		dice := rand.N(100)
		switch {
		case d.Attempt == 1 && dice < 2:
			out[i] = dispatch.Outcome{Retry: true, Code: "BUSY"}
		case d.Attempt == 1 && dice == 3:
			out[i] = dispatch.Outcome{Code: "NEVER"}
		default:
			out[i].OK = true
			fmt.Fprintf(&text, "%s %s\n", l.name, d.Event.ID)
		}
	}
	if _, err := l.file.WriteString(text.String()); err != nil {
		panic(err)
	}
	return out
}

var killTargets = []string{"a", "b"}

// bus opens the store and a dispatcher of a folder.
func bus(dir string, now func() time.Time) (*sqlite.Store, *dispatch.Dispatcher, error) {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, filepath.Join(dir, "data"), sqlite.Config{})
	if err != nil {
		return nil, nil, err
	}
	ledger, err := os.OpenFile(filepath.Join(dir, "delivered"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, err
	}
	d := dispatch.New(dispatch.Config{Store: s, Now: now})
	specs := map[string]dispatch.TargetSpec{}
	for _, name := range killTargets {
		specs[name] = dispatch.TargetSpec{Runner: ledgerTarget{name, ledger}, Routes: map[string]dispatch.Route{"r": {}}}
	}
	return s, d, d.SetTargets(ctx, specs)
}

// publish is the process that is killed: it appends and delivers as fast as it can, and
// prints the id of every event that was acknowledged.
func publish(dir string) {
	s, d, err := bus(dir, nil)
	if err != nil {
		panic(err)
	}
	go d.Run(context.Background())
	var serial atomic.Int64
	var printing sync.Mutex
	for range 4 {
		go func() {
			for {
				b := store.Batch{Now: time.Now()}
				var ids strings.Builder
				for range 10 {
					id := fmt.Sprintf("%d-%d", os.Getpid(), serial.Add(1))
					ev, err := event.New(event.Fields{ID: id, DetailType: "T", Source: "s", Account: "1", Region: "r", Time: b.Now})
					if err != nil {
						panic(err)
					}
					b.Entries = append(b.Entries, store.Entry{ID: id, Raw: ev.Raw(), Bus: "default", Received: b.Now,
						Pairs: []store.Pair{{Rule: "r", Target: "a"}, {Rule: "r", Target: "b"}}})
					ids.WriteString(id + "\n")
				}
				if _, err := s.Append(context.Background(), b); err != nil {
					panic(err)
				}
				d.Notify(killTargets...)
				printing.Lock()
				os.Stdout.WriteString(ids.String())
				printing.Unlock()
			}
		}()
	}
	select {}
}

// kill runs the process until it has acknowledged so many events, kills it and returns
// the ids of all that it acknowledged.
func kill(t *testing.T, dir string, after int) []string {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childOf+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var acked []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if acked = append(acked, lines.Text()); len(acked) == after {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil || len(acked) < after {
		t.Fatalf("the process ended by itself after %d events: %v", len(acked), err)
	}
	return acked
}

// TestKill holds the promise over kill -9: what was acknowledged is delivered to every
// target, or dead. TOCSIN_KILLS says how often; make soak asks for many.
func TestKill(t *testing.T) {
	kills := 3
	if n, err := strconv.Atoi(os.Getenv("TOCSIN_KILLS")); err == nil {
		kills = n
	}
	dir := t.TempDir()
	acked := map[string]bool{}
	for range kills {
		for _, id := range kill(t, dir, 50+rand.N(1500)) {
			acked[id] = true
		}
	}
	now := time.Now()
	s, d, err := bus(dir, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for {
		_, next, err := d.Step(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if next.IsZero() {
			break
		}
		now = next
	}
	outcomes := deliveries(t, dir)
	duplicates := 0
	for _, n := range outcomes {
		duplicates += n - 1
	}
	dead, err := s.DeadLetters(t.Context(), "", 0, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range dead {
		outcomes[l.Target+" "+l.Entry.ID]++
	}
	lost := 0
	for id := range acked {
		for _, target := range killTargets {
			if outcomes[target+" "+id] == 0 {
				lost++
			}
		}
	}
	t.Logf("%d kills: %d events acknowledged, %d lost, %d duplicates, %d dead", kills, len(acked), lost, duplicates, len(dead))
	if lost > 0 {
		t.Errorf("%d deliveries of acknowledged events are lost", lost)
	}
	if most := 100 * kills * len(killTargets); duplicates > most {
		t.Errorf("%d duplicates, want at most %d", duplicates, most)
	}
}

// deliveries counts the ledger's lines.
func deliveries(t *testing.T, dir string) map[string]int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "delivered"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for line := range strings.Lines(string(b)) {
		out[strings.TrimSpace(line)]++
	}
	return out
}
