package sandbox_test

import (
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
	if len(report.Recordings) != 1 {
		t.Fatalf("%d recordings of a call, want 1", len(report.Recordings))
	}
	return report.Recordings[0]
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
