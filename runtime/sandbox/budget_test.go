package sandbox

import (
	"strings"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/abi/wat"
)

// TestDeadlineSlices: whatever a unit of fuel costs, a guest that uses nothing but fuel is
// stopped at its deadline and a tenth, and the clock is not looked at all the time. The
// clock is the test's: a slice of n units takes n times what a unit costs.
func TestDeadlineSlices(t *testing.T) {
	for _, unit := range []time.Duration{1, 3, 30, 300, time.Microsecond, 10 * time.Microsecond} {
		for _, limit := range []time.Duration{50 * time.Millisecond, 400 * time.Millisecond, 5 * time.Second} {
			begin := time.Unix(0, 0)
			b := budget{left: &noFuel{}}
			b.begin(begin, limitsOf(abi.Limits{TimeMS: limit.Milliseconds()}))
			now, looks := begin, 0
			for {
				now = now.Add(time.Duration(b.slice) * unit)
				looks++
				if !now.Before(b.deadline) {
					break
				}
				b.slice = b.next(b.slice, now)
			}
			if late := now.Sub(b.deadline); late > limit/10 {
				t.Errorf("a unit takes %v: stopped %v after a deadline of %v", unit, late, limit)
			}
			if most := int(limit/shortSlice) + 20; looks > most {
				t.Errorf("a unit takes %v: the clock was looked at %d times in %v, at most %d are needed", unit, looks, limit, most)
			}
		}
	}
}

// TestDearerUnits: a guest whose units become dearer in the middle of a slice is late by
// no more than that slice, and the next one is shorter.
func TestDearerUnits(t *testing.T) {
	b := budget{left: &noFuel{}}
	b.begin(time.Unix(0, 0), limitsOf(abi.Limits{}))
	now := time.Unix(0, 0)
	for range 40 {
		now = now.Add(time.Duration(b.slice))
		b.slice = b.next(b.slice, now)
	}
	if took := time.Duration(b.slice); took < shortSlice || took > 2*longSlice {
		t.Errorf("a slice of cheap units takes %v, want between %v and %v", took, shortSlice, longSlice)
	}
	for range 20 {
		now = now.Add(time.Duration(b.slice) * 100)
		b.slice = b.next(b.slice, now)
	}
	if took := time.Duration(b.slice) * 100; took > 2*longSlice {
		t.Errorf("a slice of dear units still takes %v, want at most %v", took, longSlice)
	}
}

// TestHostileArguments: no host function can be made to crash the host by what a guest
// passes, whichever function, argument and value. A guest that points outside its memory
// is stopped; everything else is an answer.
func TestHostileArguments(t *testing.T) {
	values := []uint64{0, 1, 16, pageSize - 4, pageSize - 1, pageSize, 1 << 20, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1<<63 - 1, 1<<64 - 1}
	h := New(t.Context(), Config{})
	defer h.Close(t.Context())
	m, err := h.Compile(t.Context(), smallGuest(t), "args")
	if err != nil {
		t.Fatal(err)
	}
	grants := abi.Grants{HTTP: []string{"*.example.com"}, KV: 1 << 10, Emit: []string{"*"}, Secrets: []string{"S"}, AWS: []abi.AWSGrant{{Service: "sqs", Actions: []string{"*"}}}}
	target, err := m.NewTarget(t.Context(), TargetConfig{Name: "t", Host: &Nobody{}, Grants: grants, Limits: abi.Limits{TimeMS: 600_000}})
	if err != nil {
		t.Fatal(err)
	}
	i, err := target.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, module := range []map[string]hostFunc{capabilities, wasi} {
		for name, f := range module {
			for _, args := range arguments(len(f.params), values) {
				tried++
				i.begin(t.Context(), &Call{Now: initTime, Seed: "s"})
				if r := panicOf(f, i, args); r != nil {
					if _, meant := r.(*stop); !meant {
						t.Errorf("%s%v: panic: %v", name, args, r)
					}
				}
			}
		}
	}
	if tried < 1000 {
		t.Errorf("only %d calls were tried", tried)
	}
}

// TestNoFiles: there is no folder from which a path could lead anywhere, upward or not.
func TestNoFiles(t *testing.T) {
	h := New(t.Context(), Config{})
	defer h.Close(t.Context())
	m, err := h.Compile(t.Context(), smallGuest(t), "files")
	if err != nil {
		t.Fatal(err)
	}
	target, err := m.NewTarget(t.Context(), TargetConfig{Name: "t", Host: &Nobody{}})
	if err != nil {
		t.Fatal(err)
	}
	i, err := target.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i.begin(t.Context(), &Call{Now: initTime, Seed: "s"})
	upward := "../../../../etc/passwd"
	i.module.Memory().WriteString(16, upward)
	tried := 0
	for name, f := range wasi {
		if !strings.HasPrefix(name, "path_") && !strings.HasPrefix(name, "fd_prestat") && name != "fd_readdir" {
			continue
		}
		for fd := range uint64(8) {
			args := make([]uint64, len(f.params))
			for n := range args {
				args[n] = 16
			}
			args[0], args[min(3, len(args)-1)] = fd, uint64(len(upward))
			if r := panicOf(f, i, args); r != nil || args[0] != wasiBadF {
				t.Errorf("%s of folder %d: errno %d, %v; want %d, that there is none", name, fd, args[0], r, wasiBadF)
			}
			tried++
		}
	}
	if tried < 80 {
		t.Errorf("only %d calls were tried", tried)
	}
}

// arguments are all values for each parameter while the others are small, and all values
// for all of them.
func arguments(n int, values []uint64) (all [][]uint64) {
	for _, v := range values {
		same := make([]uint64, max(n, 1))
		for k := range same {
			same[k] = v
			for _, rest := range []uint64{0, 16, pageSize - 8} {
				one := make([]uint64, max(n, 1))
				for j := range one {
					one[j] = rest
				}
				one[k] = v
				all = append(all, one)
			}
		}
		all = append(all, same)
	}
	return all
}

func panicOf(f hostFunc, i *instance, args []uint64) (r any) {
	defer func() { r = recover() }()
	f.run(i, args)
	return nil
}

func smallGuest(t *testing.T) []byte {
	t.Helper()
	wasm, err := wat.Assemble(`(module (memory (export "memory") 1)
  (func (export "abi_v1"))
  (func (export "alloc") (param i32) (result i32) i32.const 1024)
  (func (export "handle") (param i32 i32) (result i64) i64.const 0))`)
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}
