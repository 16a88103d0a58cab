package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/ingest/agent/logfile"
	"github.com/tocsin-engine/tocsin/ingest/agent/machine"
	"github.com/tocsin-engine/tocsin/ingest/awswire"
	"github.com/tocsin-engine/tocsin/ingest/metrics"
	"github.com/tocsin-engine/tocsin/runtime/agentfile"
	"github.com/tocsin-engine/tocsin/runtime/service/cloudwatch"
	"github.com/tocsin-engine/tocsin/runtime/service/logs"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// receiver is what an agent sends to.
type receiver struct {
	mu sync.Mutex
	// answer, if set, answers in the receiver's place.
	answer func(abi.AWSRequest) *abi.AWSError
	// calls are the actions in the order in which they came, at their times.
	calls []string
	at    []time.Time
	// values are those of data, by name; messages those of log events.
	values   map[string][]string
	messages []string
	groups   map[string]bool
	result   string // of PutLogEvents
}

func (r *receiver) Call(_ context.Context, c abi.AWSRequest) (abi.AWSResponse, abi.Errno) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls, r.at = append(r.calls, c.Action), append(r.at, time.Now())
	if r.answer != nil {
		if e := r.answer(c); e != nil {
			return abi.AWSResponse{Error: e}, 0
		}
	}
	switch c.Action {
	case "PutMetricData":
		var m cloudwatch.PutMetricDataRequest
		if err := awswire.DecodeJSON(c.Params, &m); err != nil {
			return abi.AWSResponse{}, abi.BadRequest
		}
		for _, d := range m.MetricData {
			if d.Value != nil {
				r.values[d.MetricName] = append(r.values[d.MetricName], d.Value.String())
			}
		}
	case "PutLogEvents":
		var l logs.PutLogEventsRequest
		if err := awswire.DecodeJSON(c.Params, &l); err != nil {
			return abi.AWSResponse{}, abi.BadRequest
		}
		if !r.groups[l.LogGroupName] {
			return abi.AWSResponse{Error: &abi.AWSError{Code: "ResourceNotFoundException"}}, 0
		}
		for _, e := range l.LogEvents {
			r.messages = append(r.messages, *e.Message)
		}
		return abi.AWSResponse{Result: []byte("{" + r.result + "}")}, 0
	case "CreateLogGroup":
		var g logs.CreateLogGroupRequest
		_ = awswire.DecodeJSON(c.Params, &g)
		r.groups[g.LogGroupName] = true
	}
	return abi.AWSResponse{Result: []byte("{}")}, 0
}

// world is an agent with a receiver, and log files.
type world struct {
	*receiver
	t     *testing.T
	dir   string
	c     Config
	agent *Agent
}

// newWorld has a plan that measures memory each 10 s and follows app.log.
func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{receiver: &receiver{values: map[string][]string{}, groups: map[string]bool{}}, t: t, dir: dir}
	plan := &agentfile.Plan{}
	plan.Metrics.Flush, plan.Logs.Flush = time.Second, time.Second
	plan.Metrics.Shape = machine.Shape{Namespace: "CWAgent"}
	plan.Metrics.Plugins = []machine.Plugin{{Name: "mem", Every: 10 * time.Second, Measurements: []machine.Measurement{{Field: "used"}}}}
	plan.Logs.Files = []logfile.Log{{Path: filepath.Join(dir, "app.log"), Group: "app", Stream: "s"}}
	plan.Logs.Retention = map[string]int{"app": 7}
	used := uint64(0)
	w.c = Config{
		Plan: plan, State: filepath.Join(dir, "state"), Metrics: w, Logs: w, Region: "us-east-1", Jitter: func() float64 { return 1 },
		Readings: &machine.Readings{Memory: func() (machine.Memory, error) { used++; return machine.Memory{Used: used}, nil }},
	}
	return w
}

func (w *world) open() *Agent {
	w.t.Helper()
	a, err := New(w.c)
	if err != nil {
		w.t.Fatal(err)
	}
	w.agent = a
	return a
}

// run runs an agent for a time.
func (w *world) run(d time.Duration, while func()) Counts {
	w.t.Helper()
	a := w.open()
	ctx, stop := context.WithCancel(w.t.Context())
	ended := make(chan error)
	go func() { ended <- a.Run(ctx) }()
	if while != nil {
		while()
	}
	time.Sleep(d) // of the bubble, as all time here
	stop()
	if err := <-ended; err != nil {
		w.t.Error(err)
	}
	counts := a.Counts()
	if err := a.Close(); err != nil {
		w.t.Error(err)
	}
	return counts
}

func (w *world) write(text string) {
	w.t.Helper()
	f, err := os.OpenFile(filepath.Join(w.dir, "app.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.WriteString(text)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		w.t.Fatal(err)
	}
}

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.write("a\nb\n c\n")
		counts := w.run(25*time.Second, func() {
			time.Sleep(15 * time.Second)
			w.write("d\ne")
		})
		if diff := cmp.Diff(map[string][]string{"mem_used": {"1", "2", "3", "4", "5"}}, w.values); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"a", "b\n c", "d"}, w.messages); diff != "" {
			t.Error(diff)
		}
		for _, action := range []string{"CreateLogGroup", "CreateLogStream", "PutRetentionPolicy"} {
			if n := len(slices.DeleteFunc(slices.Clone(w.calls), func(s string) bool { return s != action })); n != 1 {
				t.Errorf("%s was called %d times", action, n)
			}
		}
		want := Counts{
			Data: Way{Collected: 5, Sent: 5}, Records: Way{Collected: 3, Sent: 3}, Files: logfile.Counts{Records: 3, Bytes: 10},
		}
		if diff := cmp.Diff(want, counts); diff != "" {
			t.Error(diff)
		}
	})
}

// TestBackOff: what passes is tried again, later each time; nothing is lost meanwhile.
func TestBackOff(t *testing.T) {
	for name, code := range map[string]*abi.AWSError{
		"throttled":    {Code: "ThrottlingException", Retry: true},
		"no right yet": {Code: "AccessDeniedException"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.c.Plan.Metrics.Plugins = nil
				w.write("a\n")
				begin := time.Now()
				w.answer = func(abi.AWSRequest) *abi.AWSError {
					if time.Since(begin) < 3*time.Minute {
						return code
					}
					return nil
				}
				counts := w.run(5*time.Minute, nil)
				if !slices.Equal(w.messages, []string{"a"}) || counts.Records.Retried < 5 || counts.Records.Sent != 1 {
					t.Errorf("%q, %+v", w.messages, counts)
				}
				for i := 1; i < int(counts.Records.Retried); i++ {
					pause := w.at[i].Sub(w.at[i-1])
					if want := min(firstPause<<(i-1), longestPause); pause != want {
						t.Errorf("pause %d is %v, want %v", i, pause, want)
					}
				}
			})
		})
	}
}

// TestRefused: one bad entry costs the others nothing.
func TestRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.c.Plan.Metrics.Plugins = nil
		w.groups["app"] = true
		w.answer = func(c abi.AWSRequest) *abi.AWSError {
			if strings.Contains(string(c.Params), "bad") {
				return &abi.AWSError{Code: "InvalidParameterException", Message: "no"}
			}
			return nil
		}
		w.write("a\nb\nbad\nc\nd\n")
		counts := w.run(10*time.Second, nil)
		if !slices.Equal(w.messages, []string{"a", "b", "c", "d"}) || counts.Records.Refused != 1 || counts.Records.Sent != 4 || counts.Records.Retried != 0 {
			t.Errorf("%q, %+v", w.messages, counts)
		}
	})
}

// TestRestart: what the receiver did not take before an agent ended is sent by the next.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.answer = func(abi.AWSRequest) *abi.AWSError { return &abi.AWSError{Code: "Unreachable", Retry: true} }
		w.write("a\nb\n")
		counts := w.run(20*time.Second, nil)
		if counts.Records.Waiting != 2 || counts.Data.Waiting < 2 || len(w.messages) > 0 {
			t.Fatalf("%+v", counts)
		}
		w.answer = nil
		w.write("c\n")
		counts = w.run(20*time.Second, nil)
		if !slices.Equal(w.messages, []string{"a", "b", "c"}) || counts.Records.Waiting != 0 || w.values["mem_used"][0] != "1" {
			t.Errorf("%q, %q, %+v", w.messages, w.values, counts)
		}
	})
}

// TestFullQueues: of data the oldest are dropped; of log files no line is, they are read
// on when there is room.
func TestFullQueues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.c.BufferBytes = 20_000
		w.c.Plan.Metrics.Plugins[0].Every = time.Second
		away := true
		w.answer = func(abi.AWSRequest) *abi.AWSError {
			if away {
				return &abi.AWSError{Code: "Unreachable", Retry: true}
			}
			return nil
		}
		const lines = 1000
		for n := range lines {
			w.write(fmt.Sprintf("line %d\n", n))
		}
		counts := w.run(2*time.Minute, func() {
			time.Sleep(3 * time.Minute)
			w.mu.Lock()
			away = false
			w.mu.Unlock()
		})
		if len(w.messages) != lines || w.messages[0] != "line 0" || counts.Records.Dropped != 0 {
			t.Errorf("%d lines came, %+v", len(w.messages), counts.Records)
		}
		if d := counts.Data; d.Dropped == 0 || d.Sent+d.Dropped < d.Collected || int64(len(w.values["mem_used"])) != d.Sent {
			t.Errorf("%d data came, %+v", len(w.values["mem_used"]), d)
		}
	})
}

// TestRejected: log events that are too old are counted, and not sent again.
func TestRejected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.c.Plan.Logs.Flush = 3 * time.Second // the last line waits for more
		w.result = `"rejectedLogEventsInfo":{"tooOldLogEventEndIndex":1,"tooNewLogEventStartIndex":2}`
		w.write("a\nb\nc\n")
		counts := w.run(5*time.Second, nil)
		if counts.Records.Rejected != 2 || counts.Records.Sent != 1 || len(w.messages) != 3 {
			t.Errorf("%q, %+v", w.messages, counts.Records)
		}
	})
}

func TestOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.write("a\nb\n")
		a := w.open()
		data, records, err := a.Collect(t.Context())
		if err != nil || len(data) != 1 || data[0].Value != "2" || len(records) != 2 {
			t.Errorf("%v, %v, %v", data, records, err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		a = w.open() // Collect has kept nothing
		if err := a.Once(t.Context()); err != nil || !slices.Equal(w.messages, []string{"a", "b"}) || len(w.values["mem_used"]) != 1 {
			t.Errorf("%v, %q, %v", err, w.messages, w.values)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		a = w.open()
		w.answer = func(abi.AWSRequest) *abi.AWSError { return &abi.AWSError{Code: "Unreachable", Retry: true} }
		if err := a.Once(t.Context()); err == nil || !strings.Contains(err.Error(), "1 data and 0 records could not be sent") {
			t.Error(err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestOneAgentAState(t *testing.T) {
	w := newWorld(t)
	a := w.open()
	if _, err := New(w.c); err == nil || !strings.Contains(err.Error(), "--state") {
		t.Error(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.open().Close(); err != nil {
		t.Error(err)
	}
}

func TestDamagedPositions(t *testing.T) {
	w := newWorld(t)
	if err := os.MkdirAll(w.c.State, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.c.State, "positions.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(w.c); err == nil || !strings.Contains(err.Error(), "delete it") {
		t.Error(err)
	}
}

func TestStatsD(t *testing.T) {
	w := newWorld(t)
	w.c.Plan.Metrics.Shape.Dimensions = []metrics.Dimension{{Name: "host", Value: "h"}}
	w.c.Plan.Metrics.StatsD = &agentfile.StatsD{Address: "127.0.0.1:0", Every: time.Hour, Resolution: 60}
	a := w.open()
	door, err := a.openStatsD()
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- door.Run(ctx) }()
	conn, err := net.Dial("udp", door.Address().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("orders:3|c")); err != nil {
		t.Fatal(err)
	}
	for door.Counts()["samples"] == 0 {
		runtime.Gosched()
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	list, _, err := a.metrics.queue.Peek(10, 1<<20)
	if err != nil || len(list) != 1 || !strings.Contains(string(list[0]), `"MetricName":"orders"`) || !strings.Contains(string(list[0]), `{"Name":"host","Value":"h"}`) {
		t.Errorf("%s, %v", list, err)
	}
	if err := errors.Join(conn.Close(), a.Close()); err != nil {
		t.Error(err)
	}
}
