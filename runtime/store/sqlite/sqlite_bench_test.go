package sqlite_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/runtime/store/storetest"
)

// BenchmarkAppend is clients that each append batches of 10 events of 1.5 KB to two
// targets, every batch acknowledged by the disk.
func BenchmarkAppend(b *testing.B) {
	for _, clients := range []int{1, 16} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			s := open(b, b.TempDir())
			raw := make([]byte, 1500)
			next := make(chan int)
			var wg sync.WaitGroup
			for range clients {
				wg.Go(func() {
					for n := range next {
						batch := store.Batch{Now: storetest.Start}
						for i := range 10 {
							batch.Entries = append(batch.Entries, store.Entry{ID: fmt.Sprint(n, "-", i), Raw: raw, Received: storetest.Start,
								Pairs: []store.Pair{{Rule: "r", Target: "a"}, {Rule: "r", Target: "b"}}})
						}
						if _, err := s.Append(context.Background(), batch); err != nil {
							b.Error(err)
						}
					}
				})
			}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				next <- n
				n++
			}
			close(next)
			wg.Wait()
			b.ReportMetric(float64(10*n)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkDrain reads and settles a log of a lagging target in batches of 100.
func BenchmarkDrain(b *testing.B) {
	s := open(b, b.TempDir())
	raw := make([]byte, 1500)
	const size = 20_000
	for n := 0; n < size; n += 500 {
		batch := store.Batch{Now: storetest.Start}
		for i := range 500 {
			batch.Entries = append(batch.Entries, store.Entry{ID: fmt.Sprint(n + i), Raw: raw, Pairs: []store.Pair{{Rule: "r", Target: "t"}}})
		}
		if _, err := s.Append(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	at, read := store.Seq(0), 0
	began := time.Now()
	for b.Loop() {
		entries, err := s.Read(b.Context(), "t", at, 100)
		if err != nil {
			b.Fatal(err)
		}
		if len(entries) == 0 {
			at = 0 // once more
			continue
		}
		read, at = read+len(entries), entries[len(entries)-1].Seq
		if err := s.Settle(b.Context(), store.Settlement{Target: "t", Cursor: at}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(read)/time.Since(began).Seconds(), "events/s")
}

// BenchmarkOpen is the start on a million events that two targets have yet to read, with
// everything in one file that was not sealed, as after kill -9.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	s := open(b, dir)
	raw := make([]byte, 1500)
	const size, batch = 1_000_000, 500
	for n := 0; n < size; n += batch {
		entries := store.Batch{Now: storetest.Start}
		for i := range batch {
			entries.Entries = append(entries.Entries, store.Entry{ID: fmt.Sprint(n + i), Raw: raw, Received: storetest.Start,
				Pairs: []store.Pair{{Rule: "r", Target: "a"}, {Rule: "r", Target: "b"}}})
		}
		if _, err := s.Append(b.Context(), entries); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		s = open(b, dir)
		opened := time.Since(began)
		if unread, err := s.Read(b.Context(), "a", 0, 100); err != nil || len(unread) != 100 {
			b.Fatal(len(unread), err)
		}
		if _, err := s.Stats(b.Context()); err != nil { // dispatch asks what waits before it begins
			b.Fatal(err)
		}
		b.ReportMetric(float64(opened.Milliseconds()), "open-ms")
		b.ReportMetric(float64(time.Since(began).Milliseconds()), "ready-ms")
	}
}
