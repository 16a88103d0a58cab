package fuel

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// errEmpty is what the tests' host says when the tank is empty.
var errEmpty = errors.New("out of fuel")

// machine is a runtime with the imports of generated modules.
func machine(t testing.TB) wazero.Runtime {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	t.Cleanup(func() { r.Close(ctx) })
	b := r.NewHostModuleBuilder("env").NewFunctionBuilder().WithFunc(func(a, b uint32) uint32 { return a + b }).Export("sum")
	if _, err := b.Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	f := r.NewHostModuleBuilder(ImportModule).NewFunctionBuilder().WithFunc(func(int64) int64 { panic(errEmpty) }).Export(ImportRefill)
	if _, err := f.Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	return r
}

// outcome is all that a module did that can be seen.
type outcome struct {
	Results []uint64
	Errors  []string
	Globals []uint64
	Memory  string
}

// run calls a, b, … of a module and notes what happened; fuel is for each call.
func run(t testing.TB, r wazero.Runtime, wasm []byte, fuel int64) (o outcome, used int64, empty bool) {
	t.Helper()
	ctx := context.Background()
	m, err := r.InstantiateWithConfig(ctx, wasm, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		t.Fatalf("instantiate: %v", err)
	}
	defer m.Close(ctx)
	tank, _ := m.ExportedGlobal(Global).(api.MutableGlobal)
	for n := range genFunctions {
		if tank != nil {
			tank.Set(api.EncodeI64(fuel))
		}
		res, err := m.ExportedFunction(string('a'+rune(n))).Call(ctx, 3, 5)
		if errors.Is(err, errEmpty) {
			return o, used, true
		}
		text := ""
		if err != nil {
			text, _, _ = strings.Cut(err.Error(), "\n")
		}
		o.Results, o.Errors = append(o.Results, res...), append(o.Errors, text)
		if tank != nil {
			used += fuel - int64(tank.Get())
		}
	}
	for n := range genGlobals {
		o.Globals = append(o.Globals, m.ExportedGlobal(string('0'+rune(n))).Get())
	}
	memory, _ := m.Memory().Read(0, m.Memory().Size())
	o.Memory = string(memory)
	return o, used, false
}

// FuzzBehaviour: a rewritten module does what the original did, and uses the same fuel
// every time.
func FuzzBehaviour(f *testing.F) {
	for _, seed := range []string{"", "loop", "\x03\x01\x04\x07\x02\x09\x06\x07\x08", strings.Repeat("\x03\x06\x01\x09", 40), strings.Repeat("\x0b\x07\x05", 60),
		"\x01\x06\x00\x10\x00\x20\x07\x03\x03\x01\x01\x02\x00\x05"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, seed []byte) {
		wasm := generate(seed[:min(len(seed), 400)])
		m, err := Rewrite(wasm)
		if err != nil {
			t.Fatalf("rewrite: %v", err)
		}
		// At most 1,500 calls deep: the interpreter's own bound is 2,000.
		r := machine(t)
		got, used, empty := run(t, r, m.Wasm, 1500)
		if empty {
			return
		}
		want, _, _ := run(t, r, wasm, 0)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the rewritten module behaves differently (-original +rewritten):\n%s", diff)
		}
		if _, again, _ := run(t, r, m.Wasm, 1500); again != used {
			t.Errorf("fuel used: %d, then %d", used, again)
		}
	})
}

// FuzzRewrite: what a runtime accepts stays acceptable, and what it refuses stays refused.
func FuzzRewrite(f *testing.F) {
	f.Add(generate([]byte("\x03\x06\x01\x09\x03\x06\x01\x09")))
	f.Add(header)
	for _, path := range samples(f) {
		wasm, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wasm)
	}
	f.Fuzz(func(t *testing.T, wasm []byte) {
		m, err := Rewrite(wasm)
		if len(wasm) > 1<<16 {
			return
		}
		if err != nil && mayClaim(wasm) {
			return
		}
		ctx := context.Background()
		r := machine(t)
		_, before := r.CompileModule(ctx, wasm)
		if err != nil {
			if before == nil && !strings.Contains(err.Error(), "may not import") && !strings.Contains(err.Error(), "table") {
				t.Errorf("an acceptable module was refused: %v", err)
			}
			return
		}
		_, after := r.CompileModule(ctx, m.Wasm)
		if before == nil && after != nil {
			t.Errorf("an acceptable module became unacceptable: %v", after)
		}
		if before != nil && after == nil && !harmless(before) {
			t.Errorf("an unacceptable module became acceptable: %v", before)
		}
	})
}

// mayClaim says that a list in the module could claim more than a million elements: wazero 1.12
// makes room for them before it reads the first, 16 GiB for 101 bytes.
func mayClaim(wasm []byte) bool {
	for at := range wasm {
		r := &reader{b: wasm, i: at}
		if n := r.leb(35); r.err == nil && n > 1<<20 {
			return true
		}
	}
	return false
}

// harmless errors concern what the rewriter drops or puts in order.
func harmless(err error) bool {
	for _, part := range []string{"custom", "section", "start", "name"} {
		if strings.Contains(err.Error(), part) {
			return true
		}
	}
	return false
}

func samples(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.wasm")
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// body makes a module of one function "a" () -> (), with a memory and a global, of code.
func body(code ...byte) []byte {
	b := appendSection(slices.Clone(header), secType, []byte{1, 0x60, 0, 0})
	b = appendSection(b, secFunction, []byte{1, 0})
	b = appendSection(b, secTable, []byte{1, 0x70, 0, 1})
	b = appendSection(b, secMemory, []byte{1, 0, 1})
	b = appendSection(b, secGlobal, []byte{1, 0x7e, 1, opI64Const, 0, opEnd})
	b = appendSection(b, secExport, append(appendName([]byte{1}, "a"), 0, 0))
	code = append(append([]byte{0}, code...), opEnd)
	b = appendSection(b, secCode, append(appendU32([]byte{1}, uint32(len(code))), code...))
	return b
}

func TestEverythingStops(t *testing.T) {
	for name, code := range map[string][]byte{
		"a loop":                    {opLoop, 0x40, opBr, 0, opEnd},
		"a loop in an if":           {0x41, 1, opIf, 0x40, opLoop, 0x40, opBr, 0, opEnd, opEnd},
		"recursion":                 {opCall, 0},
		"exponential recursion":     {opCall, 0, opCall, 0},
		"a loop of memory.fill":     {opLoop, 0x40, 0x41, 0, 0x41, 0, 0x41, 0x80, 0x80, 4, opMisc, memoryFill, 0, opBr, 0, opEnd},
		"a loop by br_table":        {opLoop, 0x40, 0x41, 0, opBrTable, 0, 0, opEnd},
		"a loop that writes fuel 0": {opLoop, 0x40, opI64Const, 0x7f, opGlobalSet, 0, opBr, 0, opEnd},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := Rewrite(body(code...))
			if err != nil {
				t.Fatal(err)
			}
			ctx := t.Context()
			inst, err := machine(t).InstantiateWithConfig(ctx, m.Wasm, wazero.NewModuleConfig())
			if err != nil {
				t.Fatal(err)
			}
			inst.ExportedGlobal(Global).(api.MutableGlobal).Set(1000)
			if _, err := inst.ExportedFunction("a").Call(ctx); !errors.Is(err, errEmpty) {
				t.Errorf("error %v, want it to run out of fuel", err)
			}
		})
	}
}

func TestCodeCannotReachWhatWasAdded(t *testing.T) {
	for name, code := range map[string][]byte{
		"the fuel global":         {opI64Const, 0, opGlobalSet, 1},
		"the added local":         {opLocalGet, 0, 0x1a},
		"the refill function":     {opI64Const, 0, opCall, 1, 0x1a},
		"an unknown instruction":  {0xff},
		"code after the function": {opEnd, 0x01},
	} {
		m, err := Rewrite(body(code...))
		if err != nil {
			continue
		}
		if _, err := machine(t).CompileModule(t.Context(), m.Wasm); err == nil {
			t.Errorf("%s: the module was accepted", name)
		}
	}
	if _, err := Rewrite(body(0xd0, 0x70, 0x41, 1, opMisc, tableGrow, 0, 0x1a)); err == nil || !strings.Contains(err.Error(), "growing tables") {
		t.Errorf("a module that grows a table: %v", err)
	}
	bomb := appendSection(slices.Clone(header), secTable, append([]byte{1, 0x70, 0}, appendU32(nil, maxTable+1)...))
	if _, err := Rewrite(bomb); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("a table bomb: %v", err)
	}
	own := appendSection(slices.Clone(header), secType, []byte{1, 0x60, 1, 0x7e, 1, 0x7e})
	own = appendSection(own, secImport, append(appendName(appendName([]byte{1}, ImportModule), ImportRefill), 0, 0))
	if _, err := Rewrite(own); err == nil {
		t.Error("a module that imports the refill function itself was accepted")
	}
}

func TestImpure(t *testing.T) {
	for want, code := range map[string][]byte{
		"":                          {},
		"it changes a table":        {0x41, 0, 0xd0, 0x70, opTableSet, 0},
		"it drops passive segments": {opMisc, elemDrop, 0},
	} {
		m, err := Rewrite(body(code...))
		if err != nil || m.Impure != want || m.Globals != 1 {
			t.Errorf("Rewrite = %q with %d globals, %v; want %q", m.Impure, m.Globals, err, want)
		}
	}
}
