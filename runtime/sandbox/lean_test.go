package sandbox_test

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// lean is a plugin assembled by hand: what no compiler makes, hostile authors do.
type lean struct {
	handle  []byte // code that leaves the i64 answer
	alloc   []byte // default: i32.const 1024
	imports []byte // entries; functions of type 0: () -> ()
	count   byte   // of imports
	exports []string
	start   bool // handle's function index 3 runs at the start
	minimum byte // pages
	data    string
}

// answer is code that leaves a pointer and length as handle's result.
func answer(at, size int64) []byte { return append([]byte{0x42}, sleb(at<<32|size)...) }

func sleb(v int64) []byte {
	var b []byte
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

func uleb(v int) []byte {
	var b []byte
	for ; v >= 0x80; v >>= 7 {
		b = append(b, byte(v)|0x80)
	}
	return append(b, byte(v))
}

func section(id byte, body ...byte) []byte {
	return append(append([]byte{id}, uleb(len(body))...), body...)
}

func export(name string, kind, index byte) []byte {
	return append(append([]byte{byte(len(name))}, name...), kind, index)
}

func function(code []byte) []byte {
	code = append(append([]byte{0}, code...), 0x0b)
	return append(uleb(len(code)), code...)
}

// module: types 0 () -> (), 1 (i32) -> i32, 2 (i32, i32) -> i64; functions after the
// imports: marker, alloc, handle, and one that adds 1 to the mutable global.
func (l lean) module() []byte {
	if l.alloc == nil {
		l.alloc = append([]byte{0x41}, sleb(1024)...)
	}
	if l.minimum == 0 {
		l.minimum = 1
	}
	n := l.count
	exports := [][]byte{export("memory", 2, 0), export("abi_v1", 0, n), export("alloc", 0, n+1), export("handle", 0, n+2)}
	for _, name := range l.exports {
		exports = append(exports, export(name, 0, n+3))
	}
	b := []byte("\x00asm\x01\x00\x00\x00")
	b = append(b, section(1, 3, 0x60, 0, 0, 0x60, 1, 0x7f, 1, 0x7f, 0x60, 2, 0x7f, 0x7f, 1, 0x7e)...)
	if n > 0 {
		b = append(b, section(2, append([]byte{n}, l.imports...)...)...)
	}
	b = append(b, section(3, 4, 0, 1, 2, 0)...)
	b = append(b, section(4, 1, 0x70, 0, 4)...)
	b = append(b, section(5, 1, 0, l.minimum)...)
	b = append(b, section(6, 1, 0x7f, 1, 0x41, 0, 0x0b)...)
	body := []byte{byte(len(exports))}
	for _, e := range exports {
		body = append(body, e...)
	}
	b = append(b, section(7, body...)...)
	if l.start {
		b = append(b, section(8, n+3)...)
	}
	code := append([]byte{4}, function(nil)...)
	code = append(code, function(l.alloc)...)
	code = append(code, function(l.handle)...)
	code = append(code, function([]byte{0x23, 0, 0x41, 1, 0x6a, 0x24, 0})...)
	b = append(b, section(10, code...)...)
	data := append([]byte{1, 0, 0x41, 16, 0x0b, byte(len(l.data))}, l.data...)
	return append(b, section(11, data...)...)
}

func (l lean) target(t testing.TB, limits abi.Limits) (*sandbox.Target, error) {
	t.Helper()
	m, err := sandboxtest.Host(t).Compile(t.Context(), l.module(), "lean")
	if err != nil {
		return nil, err
	}
	return m.NewTarget(t.Context(), sandbox.TargetConfig{Name: "t", Host: &recorder{}, Limits: limits})
}

func fine() lean { return lean{handle: answer(16, 2), data: "{}"} }

func TestLeanGuests(t *testing.T) {
	recurse := lean{handle: []byte{0x41, 0, 0x41, 0, 0x10, 2}}
	for _, tc := range []struct {
		name  string
		guest lean
		kind  sandbox.FaultKind
		want  string
	}{
		{"an answer outside memory", lean{handle: answer(65536, 10)}, sandbox.Answer, "outside its memory"},
		{"an answer of 4 GiB", lean{handle: answer(0, 1<<32-1)}, sandbox.Output, "the limit is"},
		{"an answer that is no JSON", lean{handle: answer(16, 4), data: "nope"}, sandbox.Answer, "is no result"},
		{"an answer of another shape", lean{handle: answer(16, 17), data: `{"failures":"all"}`[:17] + "}"}, sandbox.Answer, "is no result"},
		{"an answer about another record", lean{handle: answer(16, 26), data: `{"failures":[{"id":"99"}]}`}, sandbox.Answer, `names record "99"`},
		{"room outside memory", lean{handle: answer(16, 2), data: "{}", alloc: append([]byte{0x41}, sleb(-8)...)}, sandbox.Answer, "its alloc gave"},
		{"recursion", recurse, sandbox.Stack, "too deep"},
		{"a trap", lean{handle: []byte{0x00}}, sandbox.Trap, "unreachable"},
		{"a division by zero", lean{handle: []byte{0x42, 1, 0x42, 0, 0x7f}}, sandbox.Trap, "integer divide by zero"},
		{"a load outside memory", lean{handle: []byte{0x41, 0x7f, 0x29, 3, 0}}, sandbox.Trap, "out of bounds"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			target, err := tc.guest.target(t, abi.Limits{TimeMS: 60_000})
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				_, _, err = target.Call(t.Context(), batch("x"))
				var f *sandbox.Fault
				if !errors.As(err, &f) || f.Kind != tc.kind || !strings.Contains(err.Error(), tc.want) {
					t.Fatalf("error %v, want a %s with %q", err, tc.kind, tc.want)
				}
			}
		})
	}
}

func TestRefusedModules(t *testing.T) {
	imports := func(module, name string) lean {
		l := fine()
		l.count = 1
		l.imports = append(append(append([]byte{byte(len(module))}, module...), byte(len(name))), name...)
		l.imports = append(l.imports, 0, 0)
		return l
	}
	marker := fine().module()
	for _, tc := range []struct {
		name, want string
		wasm       []byte
	}{
		{"no module", "not a module that can be loaded", []byte("MZ")},
		{"an unknown function", "it imports tocsin.http_v3(), which this tocsin does not offer", imports("tocsin", "http_v3").module()},
		{"an unknown module", "it imports env.abort(), which this tocsin does not offer", imports("env", "abort").module()},
		{"another type", "it imports tocsin.now(); this tocsin offers it as () -> i64", imports("tocsin", "now").module()},
		{"the fuel itself", "may not import tocsin.fuel", imports("tocsin.fuel", "refill").module()},
		{"no marker", "exports no abi_v1", []byte(strings.Replace(string(marker), "abi_v1", "abi_v9", 1))},
		{"no handle", "export handle(i32, i32) -> i64 is missing", []byte(strings.Replace(string(marker), "handle", "handli", 1))},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := sandboxtest.Host(t).Compile(t.Context(), tc.wasm, "lean")
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
	large := fine()
	large.minimum = 40
	if _, err := large.target(t, abi.Limits{Memory: 1 << 20}); err == nil || !strings.Contains(err.Error(), "it needs 2.5 MiB of memory to start; raise limits.memory, now 1 MiB") {
		t.Errorf("error %v, want the memory it needs", err)
	}
}

// TestStateOutsideMemory: a module whose state is more than memory and globals gets a
// fresh instance for every delivery, and a start function runs once for each.
func TestStateOutsideMemory(t *testing.T) {
	counts := []byte{0x23, 0, 0x41, 1, 0x6a, 0x24, 0} // global += 1
	ok := answer(16, 2)
	once := append(append(append([]byte{}, counts...), 0x23, 0, 0x41, 3, 0x4f, 0x04, 0x40, 0x00, 0x0b), ok...) // traps when the global is 3
	for _, tc := range []struct {
		name, isolation string
		guest           lean
	}{
		{"a start function", "restored: ", lean{handle: once, data: "{}", start: true}},
		{"an _initialize", "restored: ", lean{handle: once, data: "{}", exports: []string{"_initialize"}}},
		{"a table that changes", "fresh instance: it changes a table",
			lean{data: "{}", start: true, handle: append([]byte{0x41, 0, 0x25, 0, 0xd1, 0x45, 0x04, 0x40, 0x00, 0x0b, 0x41, 0, 0xd2, 2, 0x26, 0}, once...), exports: []string{"f"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m, err := sandboxtest.Host(t).Compile(t.Context(), tc.guest.module(), "lean")
			if err != nil {
				t.Fatal(err)
			}
			if got := m.Info().Isolation; !strings.HasPrefix(got, tc.isolation) {
				t.Errorf("isolation %q, want %q", got, tc.isolation)
			}
			target, err := m.NewTarget(t.Context(), sandbox.TargetConfig{Name: "t", Host: &recorder{}})
			if err != nil {
				t.Fatal(err)
			}
			for n := range 4 {
				if _, _, err := target.Call(t.Context(), batch("x")); err != nil {
					t.Fatalf("call %d: %v", n, err)
				}
			}
		})
	}
}

// TestMemoryBomb: a guest that grows and writes all it can takes its limit and no more,
// and gives it back.
func TestMemoryBomb(t *testing.T) {
	const limit = 64 << 20
	// loop: grow by a page; stop when refused; fill the new page.
	code := []byte{0x03, 0x40, 0x41, 1, 0x40, 0, 0x41, 0x7f, 0x47, 0x04, 0x40,
		0x3f, 0, 0x41, 1, 0x6b, 0x41, 16, 0x74, 0x41, 7, 0x41, 0x80, 0x80, 4, 0xfc, 11, 0, 0x0c, 1, 0x0b, 0x0b, 0x00}
	target, err := lean{handle: append(code, answer(16, 2)...), data: "{}"}.target(t, abi.Limits{Memory: limit})
	if err != nil {
		t.Fatal(err)
	}
	before := resident(t)
	for range 20 {
		_, report, err := target.Call(t.Context(), batch("x"))
		var f *sandbox.Fault
		if !errors.As(err, &f) || f.Kind != sandbox.Memory || report.Memory != limit {
			t.Fatalf("error %v with %d bytes, want a memory fault at %d", err, report.Memory, limit)
		}
	}
	if grown := resident(t) - before; grown > limit+limit/10 {
		t.Errorf("resident memory grew by %d bytes, the limit is %d", grown, limit)
	}
}

// resident is the process's resident memory in bytes, 0 where it cannot be known.
func resident(t testing.TB) int64 {
	t.Helper()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, err := strconv.ParseInt(strings.Fields(string(b))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}
