package sqlite

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// TestOneKeyInOneCommit: two appends with one key that are committed together, before
// the file holds any key, are told the same first id.
func TestOneKeyInOneCommit(t *testing.T) {
	s := openFaulty(t, t.TempDir(), Config{})
	began, release := make(chan bool), make(chan bool)
	go s.commit(context.Background(), &op{appends: true, do: func(*tx) error { close(began); <-release; return nil }})
	<-began // the writer waits: what comes now is one group
	firsts := make(chan string, 2)
	for i := range 2 {
		go func() {
			id := fmt.Sprint("e", i)
			r, err := s.Append(context.Background(), store.Batch{Now: now, Entries: []store.Entry{
				{ID: id, Raw: []byte("{}"), Received: now, Pairs: []store.Pair{{Rule: "r", Target: "t"}}, Key: "k", KeyExpires: now.Add(time.Minute)}}})
			if err != nil {
				t.Error(err)
			} else if r.FirstIDs[0] != "" {
				id = r.FirstIDs[0]
			}
			firsts <- id
		}()
	}
	for len(s.ops) < 2 {
		runtime.Gosched()
	}
	close(release)
	if a, b := <-firsts, <-firsts; a != b {
		t.Errorf("two senders of one key hear %s and %s", a, b)
	}
	if got := read(t, s, "t"); len(got) != 1 {
		t.Errorf("the log holds %v, want one of them", got)
	}
}
