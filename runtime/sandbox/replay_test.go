package sandbox_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/recording"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// record calls a target and returns the recording.
func record(t testing.TB, target *sandbox.Target, c sandbox.Call) *recording.Recording {
	t.Helper()
	c.Keep = sandbox.KeepAll
	_, report, _ := target.Call(t.Context(), c)
	if report.Recording == nil {
		t.Fatal("no recording of the call")
	}
	return report.Recording
}

func compileHostile(t testing.TB) *sandbox.Module {
	t.Helper()
	m, err := sandboxtest.Host(t).Compile(t.Context(), sandboxtest.Guest(t, "testdata/guests/hostile"), "hostile")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestReplayIsBitExact: whatever a guest does, and however it ends, it does again; a
// deadline too, because it is noticed at some fuel.
func TestReplayIsBitExact(t *testing.T) {
	for _, mode := range []string{"dirty pages", "full copy"} {
		t.Run(mode, func(t *testing.T) {
			if mode == "full copy" {
				defer sandbox.WithoutDirtyPages()()
			}
			for kind, limits := range map[string]abi.Limits{
				"fuel": {Memory: 16 << 20, Fuel: 5_000_000, TimeMS: 60_000},
				"time": {Memory: 16 << 20, TimeMS: 300},
			} {
				if mode == "full copy" && kind == "time" {
					continue // the first has shown it
				}
				target, _ := hostile(t, sandbox.TargetConfig{Config: []byte(`{"greet":"salut"}`), Limits: limits})
				m := compileHostile(t)
				for _, do := range append(misdeeds, "random", "permanent", "temporary", "fib") {
					if kind == "time" && (do == "bomb" || do == "overflow") {
						continue // may or may not be done in time
					}
					r := record(t, target, batch(do))
					if do == "loop" && r.End.Fault != map[string]string{"fuel": "fuel", "time": "timeout"}[kind] {
						t.Errorf("loop ended by %q, %s", r.End.Fault, r.End.Message)
					}
					t.Logf("%s %s: %s, fuel %d", kind, do, r.End.Fault, r.End.Fuel)
					sandboxtest.Replayed(t, m, r)
				}
			}
		})
	}
}

// echo is a machine that answers with what it was sent, secrets too.
type echo struct{ listener }

const echoed = "s3cret/value&more"

func (e *echo) Secret(name string) (string, bool) { return echoed, name == "TOKEN" }
func (e *echo) HTTP(_ context.Context, _ sandbox.Scope, r abi.HTTPRequest) (abi.HTTPResponse, abi.Errno) {
	return abi.HTTPResponse{Status: 200, Body: "you said " + r.URL + " " + r.Headers["authorization"] + " " + r.Body}, 0
}

// calls is a batch that has the caller guest make host calls.
func calls(list string) sandbox.Call {
	c := batch("")
	c.Batch.Records[0].Event = abi.RawJSON(`{"calls":[` + list + `]}`)
	return c
}

func callerModule(t testing.TB) *sandbox.Module {
	t.Helper()
	m, err := sandboxtest.Host(t).Compile(t.Context(), sandboxtest.Guest(t, "testdata/guests/caller"), "caller")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestRecordingsHoldNoSecrets: neither values, which a remote may send back, nor handles,
// which are this process's own; and another process makes the same memory all the same.
func TestRecordingsHoldNoSecrets(t *testing.T) {
	target, err := callerModule(t).NewTarget(t.Context(), sandbox.TargetConfig{Name: "t", Host: &echo{}, Grants: everything,
		Config: []byte(`{"url":"https://a.example/{{secret:TOKEN}}"}`)})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		r := record(t, target, calls(`{"f":"secret","arg":"hello"},{"f":"config"},{"f":"http","arg":"https://b.example/"},{"f":"kv","arg":"a"}`))
		text, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Calls) < 8 || r.End.Unknown != "" || r.End.Memory == "" {
			t.Errorf("the recording is not whole: %s", text)
		}
		if bytes.Contains(text, []byte(echoed)) || bytes.Contains(text, []byte("s3cret%2Fvalue")) {
			t.Errorf("the secret's value is in the recording: %s", text)
		}
		for _, handle := range regexp.MustCompile(`secret:TOKEN:([0-9a-f]+)`).FindAllSubmatch(text, -1) {
			if strings.Trim(string(handle[1]), "0") != "" {
				t.Errorf("a handle is in the recording: %s", handle[0])
			}
		}
		sandboxtest.Replayed(t, callerModule(t), r)
	}
}

// TestHandlesAreNotSaid: what a guest says about a call shows names.
func TestHandlesAreNotSaid(t *testing.T) {
	host := &refusing{}
	target, err := callerModule(t).NewTarget(t.Context(), sandbox.TargetConfig{Name: "t", Host: host, Grants: everything,
		Config: []byte(`{"url":"https://a.example/{{secret:TOKEN}}"}`)})
	if err != nil {
		t.Fatal(err)
	}
	c := calls(`{"f":"config"}`)
	c.Keep = sandbox.KeepFailed
	result, report, err := target.Call(t.Context(), c)
	if err != nil || len(result.Failures) != 1 || !strings.Contains(result.Failures[0].Error, "https://a.example/{{secret:TOKEN}}") {
		t.Errorf("the guest says %+v, %v", result.Failures, err)
	}
	if report.Recording == nil || report.Recording.Calls[0].Errno != abi.Unavailable {
		t.Errorf("the recording is %+v", report.Recording)
	}
}

// refusing is a machine whose other side never answers.
type refusing struct{ echo }

func (r *refusing) HTTP(context.Context, sandbox.Scope, abi.HTTPRequest) (abi.HTTPResponse, abi.Errno) {
	return abi.HTTPResponse{}, abi.Unavailable
}

// TestReplayFindsTheFirstDifference: a recording that was changed by hand is another call.
func TestReplayFindsTheFirstDifference(t *testing.T) {
	target, err := callerModule(t).NewTarget(t.Context(), sandbox.TargetConfig{Name: "t", Host: &echo{}, Grants: everything})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		change func(*recording.Recording)
		what   string
	}{
		{"an answer", func(r *recording.Recording) { r.Calls[0].Answer = []byte(`{"status":200,"body":"other"}`) }, "host call 2"},
		{"a refusal", func(r *recording.Recording) { r.Calls[2].Errno = abi.Busy }, "host call 4"},
		{"a request", func(r *recording.Recording) { r.Calls[2].Request = []byte(`{"key":"b"}`) }, "host call 3"},
		{"a call less", func(r *recording.Recording) { r.Calls = r.Calls[:3] }, "host call 4"},
		{"a call more", func(r *recording.Recording) { r.Calls = append(r.Calls, r.Calls[0]) }, "host call 8"},
		{"the event", func(r *recording.Recording) { r.Records[0].Event = []byte(`{"calls":[]}`) }, "host call 1"},
		{"the result", func(r *recording.Recording) { r.End.Failures = []abi.Failure{{ID: "1", Error: "x"}} }, "end"},
		{"the fuel", func(r *recording.Recording) { r.End.Fuel++ }, "fuel"},
		{"the config", func(r *recording.Recording) { r.Config = []byte(`{"url":"https://other.example"}`) }, "memory after init"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := record(t, target, calls(`{"f":"http","arg":"https://b.example/"},{"f":"kv","arg":"a"}`))
			tc.change(r)
			again, err := callerModule(t).Replay(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if d := recording.Compare(r, again); d == nil || d.What != tc.what || d.Wanted == d.Got {
				t.Errorf("the difference is %+v, want another %s", d, tc.what)
			}
		})
	}
}

func TestReplayNeedsTheSameModule(t *testing.T) {
	target, _ := hostile(t, sandbox.TargetConfig{})
	r := record(t, target, batch("panic"))
	m := callerModule(t)
	if _, err := m.Replay(t.Context(), r); err == nil || !strings.Contains(err.Error(), r.Module) || !strings.Contains(err.Error(), m.Info().SHA256) {
		t.Errorf("another module: %v, want both digests", err)
	}
	r.Cut = "it is too long"
	if _, err := compileHostile(t).Replay(t.Context(), r); err == nil || !strings.Contains(err.Error(), "it is too long") {
		t.Errorf("a recording that was cut: %v", err)
	}
}

// TestReplayLeanGuests: crashes of every kind, in a module that no compiler made.
func TestReplayLeanGuests(t *testing.T) {
	for name, guest := range map[string]lean{
		"fine": fine(), "recursion": {handle: []byte{0x41, 0, 0x41, 0, 0x10, 2}}, "unreachable": {handle: []byte{0}},
		"division": {handle: []byte{0x42, 1, 0x42, 0, 0x7f}}, "rubbish": {handle: answer(16, 4), data: "nope"}, "outside": {handle: answer(65536, 10)},
		"fresh instance": {data: "{}", handle: append([]byte{0x41, 0, 0xd2, 2, 0x26, 0}, answer(16, 2)...)},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := sandboxtest.Host(t).Compile(t.Context(), guest.module(), "lean")
			if err != nil {
				t.Fatal(err)
			}
			target, err := m.NewTarget(t.Context(), sandbox.TargetConfig{Name: "t", Host: &recorder{}})
			if err != nil {
				t.Fatal(err)
			}
			sandboxtest.Replayed(t, m, record(t, target, batch("x")))
		})
	}
}

// TestReplayInAnotherProcess records here and replays in a second process.
func TestReplayInAnotherProcess(t *testing.T) {
	if dir := os.Getenv("TOCSIN_TEST_RECORDINGS"); dir != "" {
		files, _ := filepath.Glob(filepath.Join(dir, "*"))
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r, err := recording.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			sandboxtest.Replayed(t, map[bool]*sandbox.Module{true: callerModule(t), false: compileHostile(t)}[r.Plugin == "caller"], r)
		}
		t.Logf("%d replayed", len(files))
		return
	}
	dir := t.TempDir()
	limits := abi.Limits{Memory: 16 << 20, Fuel: 5_000_000, TimeMS: 60_000}
	bad, _ := hostile(t, sandbox.TargetConfig{Limits: limits})
	good, err := callerModule(t).NewTarget(t.Context(), sandbox.TargetConfig{Name: "t", Host: &echo{}, Grants: everything, Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*recording.Recording{
		"panic": record(t, bad, batch("panic")), "bomb": record(t, bad, batch("bomb")), "loop": record(t, bad, batch("loop")),
		"calls": record(t, good, calls(`{"f":"secret","arg":"x"},{"f":"http","arg":"https://b.example/"},{"f":"kv","arg":"a"}`)),
	} {
		text, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(os.Args[0], "-test.v", "-test.run", "^TestReplayInAnotherProcess$")
	cmd.Env = append(os.Environ(), "TOCSIN_TEST_RECORDINGS="+dir)
	if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("4 replayed")) {
		t.Errorf("the second process: %v\n%s", err, out)
	}
}
