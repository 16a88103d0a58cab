package cli

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// TestRetime: --at now shifts all times alike, so that the first is now; every other
// byte of an event stays.
func TestRetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // in here it is 2000-01-01T00:00:00Z
		s := sendVerb{at: "now"}
		for _, tc := range []struct{ in, want string }{
			{`{"time": "1999-12-31T23:00:00Z", "n": 1.0}`, `{"time":"2000-01-01T00:00:00Z","n":1.0}`},
			{`{"a":[ 1 ],"time":"1999-12-31T23:00:30Z"}`, `{"a":[ 1 ],"time":"2000-01-01T00:00:30Z"}`},
			{`{"no":"time"}`, `{"no":"time"}`},
		} {
			got, err := s.retime([]byte(tc.in))
			if err != nil || string(got) != tc.want {
				t.Errorf("retime(%s) = %s, %v; want %s", tc.in, got, err, tc.want)
			}
		}
		if _, err := s.retime([]byte(`{"time":"yesterday"}`)); err == nil || !strings.Contains(err.Error(), `not "yesterday"`) {
			t.Errorf("a time that is none: %v", err)
		}
	})
}

// TestRate: events are sent no faster than the rate, in batches of a tenth of a second.
func TestRate(t *testing.T) {
	for text, want := range map[string]rate{"100": 100, "100/s": 100, "30/m": 0.5, "1.5/s": 1.5} {
		var r rate
		if err := r.Set(text); err != nil || r != want {
			t.Errorf("Set(%q): %v, %v; want %v", text, float64(r), err, float64(want))
		}
	}
	for _, text := range []string{"", "0", "-1/s", "fast", "1/week", "NaN"} {
		var r rate
		if r.Set(text) == nil {
			t.Errorf("Set(%q) took it for %v", text, float64(r))
		}
	}
	for r, want := range map[rate]int{0: batchEvents, 1: 1, 100: 10, 1e6: batchEvents} {
		if got := r.batch(); got != want {
			t.Errorf("batch of %v: %d, want %d", float64(r), got, want)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		if err := rate(10).pace(t.Context(), start, 25); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 2500*time.Millisecond {
			t.Errorf("25 events at 10/s took %v, want 2.5s", took)
		}
	})
}

func TestWords(t *testing.T) {
	for want, got := range map[string]string{
		"1 rule": count(1, "rule"), "2 rules": count(2, "rule"), "0 matches": count(0, "match"), "2 deliveries": count(2, "delivery"),
		"a": list([]string{"a"}), "a and b": list([]string{"a", "b"}), "a, b and c": list([]string{"a", "b", "c"}),
		"0.3 ms": short(300 * time.Microsecond), "41 ms": short(41 * time.Millisecond), "1.2 s": short(1200 * time.Millisecond),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestStyle: colour only where a person watches, and ASCII where the locale is not UTF-8.
func TestStyle(t *testing.T) {
	env := func(vars ...string) func(string) (string, bool) {
		return func(name string) (string, bool) {
			for _, v := range vars {
				if value, ok := strings.CutPrefix(v, name+"="); ok {
					return value, true
				}
			}
			return "", false
		}
	}
	tests := []struct {
		mode string
		env  []string
		want style
	}{
		{"auto", []string{"LANG=en_US.UTF-8"}, style{unicode: true}},
		{"always", []string{"NO_COLOR=1", "LANG=en_US.utf8"}, style{colour: true, unicode: true}},
		{"never", []string{"LC_ALL=C", "LANG=en_US.UTF-8"}, style{}},
		{"auto", nil, style{}},
	}
	for _, tc := range tests {
		got := newStyle(tc.mode, &bytes.Buffer{}, env(tc.env...))
		if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(style{})); diff != "" {
			t.Errorf("newStyle(%s, %v) (-want +got):\n%s", tc.mode, tc.env, diff)
		}
	}
}

// FuzzRetime: whatever is shifted is still the same event but for its time.
func FuzzRetime(f *testing.F) {
	f.Add(`{"time":"1999-12-31T23:00:00Z","detail":{"time":1}}`)
	f.Add(`{"\u0074ime":"1999-12-31T23:00:00Z", "a" : "\"" }`)
	f.Fuzz(func(t *testing.T, in string) {
		if event.Check([]byte(in)) != nil {
			return
		}
		s := sendVerb{at: "now"}
		out, err := s.retime([]byte(in))
		if err != nil {
			return
		}
		if err := event.Check(out); err != nil {
			t.Fatalf("retime(%s) = %s: %v", in, out, err)
		}
		before, after := members(in), members(string(out))
		delete(before, "time")
		delete(after, "time")
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("retime(%s) (-before +after):\n%s", in, diff)
		}
	})
}

func members(text string) map[string]string {
	m := map[string]string{}
	for name, value := range event.Value(strings.TrimSpace(text)).Members() {
		m[name] = string(value)
	}
	return m
}
