package awsapi

import (
	"testing"
	"time"
)

func TestRates(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r := &Rates{PerSecond: 10, Now: func() time.Time { return now }}
	take := func(key string) (n int) {
		for r.Take(key) {
			n++
		}
		return n
	}
	for _, step := range []struct {
		what  string
		after time.Duration
		want  int
	}{
		{"at first, twice a second's", 0, 20},
		{"at once again", 0, 0},
		{"after a tenth", 100 * time.Millisecond, 1},
		{"after a second", time.Second, 10},
		{"after an hour, no more than at first", time.Hour, 20},
		{"a clock that was put back gives nothing", -time.Hour, 0},
		{"and goes on from there", time.Second, 10},
	} {
		now = now.Add(step.after)
		if got := take("a"); got != step.want {
			t.Errorf("%s: %d requests, want %d", step.what, got, step.want)
		}
	}
	if got := take("b"); got != 20 {
		t.Errorf("another key has %d requests, want its own 20", got)
	}
	if none := (*Rates)(nil); !none.Take("a") {
		t.Error("without a bound a request is refused")
	}
}
