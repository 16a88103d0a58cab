package dispatch_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
)

// counting is a target that counts what it takes, each batch in its own time.
type counting struct {
	taken *atomic.Int64
	takes time.Duration
}

func (c counting) Deliver(ctx context.Context, batch []dispatch.Delivery) []dispatch.Outcome {
	out := make([]dispatch.Outcome, len(batch))
	select {
	case <-ctx.Done():
		return out
	case <-time.After(c.takes):
	}
	for i := range out {
		out[i].OK = true
	}
	c.taken.Add(int64(len(batch)))
	return out
}

// TestOneLaggingTarget: a target that needs an hour for a batch falls hours behind, and
// the others do not notice.
func TestOneLaggingTarget(t *testing.T) {
	for _, targets := range []int{100, 1000} {
		t.Run(fmt.Sprint(targets), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var taken, late atomic.Int64
				specs := map[string]dispatch.TargetSpec{"late": {Runner: counting{&late, time.Hour}, Routes: map[string]dispatch.Route{"r": {}}}}
				names := []string{"late"}
				for i := 1; i < targets; i++ {
					name := fmt.Sprint("t", i)
					names = append(names, name)
					specs[name] = dispatch.TargetSpec{Runner: counting{&taken, time.Millisecond}, Routes: map[string]dispatch.Route{"r": {}}}
				}
				r := startRun(t, memory.New(memory.Config{}), specs)
				const events = 100
				for hour := range 5 {
					for i := range events / 5 {
						r.put(fmt.Sprint(hour, "-", i), names...)
					}
					pass(time.Second)
					if got, want := taken.Load(), int64((targets-1)*(hour+1)*events/5); got != want {
						t.Errorf("a second after hour %d: %d deliveries, want %d", hour, got, want)
					}
					pass(10 * time.Minute)
				}
				if got := late.Load(); got >= events {
					t.Errorf("the lagging target has taken %d of %d events, it does not lag", got, events)
				}
				pass(24 * time.Hour)
				if got := late.Load(); got != events {
					t.Errorf("a day later the lagging target has taken %d of %d events", got, events)
				}
				r.stop()
			})
		})
	}
}
