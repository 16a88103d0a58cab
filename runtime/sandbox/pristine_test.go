package sandbox_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// misdeeds leave as much behind as a guest can: globals and stack pointers in mid-air, a
// heap of another size, a memory that grew.
var misdeeds = []string{"count", "panic", "grow", "bomb", "overflow", "loop", "flood", "exit", "sleep", "chatter"}

func TestRestoredBitForBit(t *testing.T) {
	for _, mode := range []string{"dirty pages", "full copy"} {
		t.Run(mode, func(t *testing.T) {
			if mode == "full copy" {
				defer sandbox.WithoutDirtyPages()()
			}
			target, _ := hostile(t, sandbox.TargetConfig{Limits: abi.Limits{Memory: 16 << 20, Fuel: 5_000_000, TimeMS: 60_000}})
			t.Logf("page faults are counted: %v", sandbox.CountsFaults())
			clean := sandbox.Digest(target)
			seen := map[string]string{}
			for round := range 3 {
				for _, do := range misdeeds {
					got, err := sandbox.CallAndHash(target, batch(do))
					if err != nil {
						t.Fatal(err)
					}
					if first, ok := seen[do]; ok && first != got {
						t.Errorf("%s: round %d left %s, the first %s", do, round, got, first)
					}
					seen[do] = got
					if now := sandbox.Digest(target); now != clean {
						t.Fatalf("after %s the instance is not what it was: %s, want %s", do, now, clean)
					}
				}
				if err := sandbox.Clone(target); err != nil { // the next round runs on another instance
					t.Fatal(err)
				}
				if now := sandbox.Digest(target); now != clean {
					t.Fatalf("a clone is not the original: %s, want %s", now, clean)
				}
			}
		})
	}
}

// TestSameInEveryProcess runs itself in a second process and compares.
func TestSameInEveryProcess(t *testing.T) {
	target, _ := hostile(t, sandbox.TargetConfig{Limits: abi.Limits{Memory: 16 << 20, Fuel: 5_000_000, TimeMS: 60_000}})
	var lines []string
	for _, do := range []string{"count", "random", "panic", "loop"} {
		got, err := sandbox.CallAndHash(target, batch(do))
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, do+" "+got)
	}
	mine := strings.Join(lines, "\n")
	if os.Getenv("TOCSIN_TEST_CHILD") != "" {
		fmt.Printf("BEGIN\n%s\nEND\n", mine)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestSameInEveryProcess$")
	cmd.Env = append(os.Environ(), "TOCSIN_TEST_CHILD=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the second process: %v\n%s", err, out)
	}
	if !strings.Contains(string(out), "BEGIN\n"+mine+"\nEND\n") {
		t.Errorf("another process saw\n%s\nthis one\n%s", out, mine)
	}
}

func TestCallAllocatesNothing(t *testing.T) {
	target, _ := hostile(t, sandbox.TargetConfig{})
	c := batch("nothing")
	call := func() {
		if _, _, err := target.Call(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	call()
	if n := testing.AllocsPerRun(100, call); n != 0 {
		t.Errorf("a call allocates %v times, want 0", n)
	}
}

func TestCalls_hammer(t *testing.T) {
	target, r := hostile(t, sandbox.TargetConfig{Config: []byte(`{"greet":"hi"}`)})
	var wg sync.WaitGroup
	const workers, calls = 6, 40
	for n := range workers {
		wg.Go(func() {
			for k := range calls {
				do := "count"
				if (n+k)%5 == 0 {
					do = "panic"
				}
				if _, _, err := target.Call(t.Context(), batch(do)); (err != nil) != (do == "panic") {
					t.Errorf("%s: %v", do, err)
				}
			}
		})
	}
	wg.Wait()
	for _, line := range r.take() {
		if line != `2 {"message":"hi","calls":"1"}` {
			t.Fatalf("a delivery saw another's memory: %s", line)
		}
	}
	if err := target.Close(); err != nil {
		t.Error(err)
	}
	if _, _, err := target.Call(t.Context(), batch("count")); err == nil {
		t.Error("a closed target took a call")
	}
}
