package service_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
)

func newState() service.State {
	return service.NewState(memory.New(memory.Config{}), "test", func() time.Time { return time.Unix(0, 0) })
}

func fill(t *testing.T, s service.State, prefix string, n int) {
	t.Helper()
	for i := range n {
		if err := s.Apply(t.Context(), s.Put(fmt.Sprintf("%s%03d", prefix, i), i, 0, time.Time{})); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAllReadsEveryPage(t *testing.T) {
	s := newState()
	fill(t, s, "a/", 7)
	fill(t, s, "b/", 3)
	for page := 1; page < 9; page++ {
		var got []int
		err := service.All(t.Context(), s, "a/", page, func(x service.Stored[int]) bool {
			got = append(got, x.Value)
			return x.Value < 5
		})
		if err != nil || fmt.Sprint(got) != "[0 1 2 3 4 5]" {
			t.Errorf("pages of %d: %v, %v", page, got, err)
		}
	}
}

func TestClear(t *testing.T) {
	s := newState()
	fill(t, s, "a/", 2*store.MaxSwaps+1)
	fill(t, s, "b/", 1)
	if err := s.Clear(t.Context(), "a/"); err != nil {
		t.Fatal(err)
	}
	got, err := service.List[int](t.Context(), s, "", "", 10)
	if err != nil || len(got) != 1 || got[0].Key != "b/000" {
		t.Errorf("left %v, %v", got, err)
	}
}

func TestRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newState()
		n := 0
		err := s.Retry(t.Context(), func() error {
			if n++; n < 4 {
				return fmt.Errorf("wrapped: %w", store.ErrConflict)
			}
			return nil
		})
		if err != nil || n != 4 {
			t.Errorf("after %d calls: %v", n, err)
		}
		var busy *service.Error
		err = s.Retry(t.Context(), func() error { return store.ErrConflict })
		if !errors.As(err, &busy) || !busy.Retry || busy.Status != 503 {
			t.Errorf("a conflict without end: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Retry(ctx, func() error { return store.ErrConflict }); !errors.Is(err, context.Canceled) {
			t.Errorf("without a caller: %v", err)
		}
	})
}

func TestRetry_hammer(t *testing.T) {
	s := newState()
	const writers, each = 16, 50
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				err := s.Retry(t.Context(), func() error {
					x, err := service.Get[int](t.Context(), s, "n")
					if err != nil {
						return err
					}
					return s.Apply(t.Context(), s.Put("n", x.Value+1, x.Version, time.Time{}))
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if x, err := service.Get[int](t.Context(), s, "n"); err != nil || x.Value != writers*each {
		t.Errorf("counted to %d, %v; want %d", x.Value, err, writers*each)
	}
}
