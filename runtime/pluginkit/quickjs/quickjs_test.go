package quickjs_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/pluginkit/quickjs"
	"github.com/tocsin-engine/tocsin/runtime/pluginkit/toolchain"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
	"github.com/tocsin-engine/tocsin/sdk"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/abi/tck"
)

func link(t *testing.T, script string, needs abi.Grants) []byte {
	t.Helper()
	engine, err := toolchain.QuickJS(t.Context())
	var missing *toolchain.Missing
	if errors.As(err, &missing) || err != nil && strings.Contains(err.Error(), "npm error") {
		t.Skipf("skipped: plugins in JavaScript: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	library, err := sdk.File("target/js/tocsin.js")
	if err != nil {
		t.Fatal(err)
	}
	wasm, err := quickjs.Link(engine, quickjs.Scripts{SDK: library, Plugin: []byte(script), Name: "plugin.js"}, needs)
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

func target(t *testing.T, script string) (*sandbox.Target, error) {
	t.Helper()
	m, err := sandboxtest.Host(t).Compile(t.Context(), link(t, script, abi.Grants{}), "script")
	if err != nil {
		t.Fatal(err)
	}
	return m.NewTarget(t.Context(), sandbox.TargetConfig{Name: "t", Host: sandboxtest.NewKit(t), Limits: abi.Limits{TimeMS: 1000, Memory: 8 << 20}})
}

// TestScriptsThatDoNotLoad are what a person hears when the script itself is wrong.
func TestScriptsThatDoNotLoad(t *testing.T) {
	for _, tc := range []struct{ name, script, want string }{
		{"a syntax error", "let x = ;", "cannot be read: the script did not load: SyntaxError"},
		{"a script that throws", "\nnothing.there()", "ReferenceError: nothing is not defined at <eval> (plugin.js:2"},
		{"no handle", "let x = 1;", "cannot be read: the script never called tocsin.handle"},
		{"a configure that throws", "tocsin.configure((c) => c.x.y); tocsin.handle(() => {});", "cannot be read: TypeError"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := target(t, tc.script); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

// TestDeliveries are what a script may do in a delivery, and may rely on.
func TestDeliveries(t *testing.T) {
	cases := []struct {
		name, body string
		want       string // a failure's error
		fault      sandbox.FaultKind
	}{
		{"done", ``, "", ""},
		{"an error", `null.x`, "TypeError: cannot read property 'x' of null", ""},
		{"a string thrown", `throw "oh"`, "oh", ""},
		{"an async function that fails", `await 0; throw tocsin.retry("later")`, "later", ""},
		{"a promise that never settles", `await new Promise(() => {})`, "", sandbox.Trap},
		{"an endless loop", `for (;;);`, "", sandbox.Timeout},
		{"an endless chain of promises", `for (;;) await 0`, "", sandbox.Timeout},
		{"endless recursion", `const f = () => f() + 1; f()`, "RangeError: Maximum call stack size exceeded", ""},
		{"too much memory", `const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1))`, "out of memory", ""},
		{"what was not granted", `tocsin.http({method: "GET", url: "https://a.example"})`, "http: not granted to this target", ""},
		{"nothing is left", `if (++n > 1) throw "left"`, "", ""},
		{"the clock is the delivery's", `if (Date.now() !== 1767323045000 || new Date().getTimezoneOffset() !== 0) throw Date.now()`, "", ""},
		{"no way out", `for (const f of ["__host", "fetch", "require", "process", "std", "os"]) if (f in globalThis) throw f`, "", ""},
	}
	script := "let n = 0; const does = {};\n"
	for i, tc := range cases {
		script += fmt.Sprintf("does[%d] = async () => { %s };\n", i, tc.body)
	}
	target, err := target(t, script+"tocsin.handle((d) => does[d.input]());")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	for i, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			for range 2 {
				c := tck.Case{Records: []tck.Record{{Input: fmt.Append(nil, i)}}}
				result, _, err := target.Call(t.Context(), sandbox.Call{Batch: c.Batch(), Now: time.UnixMilli(1767323045000), Seed: "s"})
				var fault *sandbox.Fault
				switch {
				case tc.fault != "":
					if !errors.As(err, &fault) || fault.Kind != tc.fault {
						t.Errorf("error %v, want a %s", err, tc.fault)
					}
				case err != nil:
					t.Error(err)
				case tc.want == "" && len(result.Failures) > 0, tc.want != "" && (len(result.Failures) != 1 || !strings.Contains(result.Failures[0].Error, tc.want)):
					t.Errorf("failures %+v, want %q", result.Failures, tc.want)
				}
			}
		})
	}
}

// TestImportsAreNeeds: a script's module imports what its manifest asks for.
func TestImportsAreNeeds(t *testing.T) {
	m, err := sandboxtest.Host(t).Compile(t.Context(), link(t, "", abi.Grants{KV: 1, Secrets: []string{"a"}}), "script")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(m.Info().Capabilities, " "); got != "kv secrets" {
		t.Errorf("capabilities %q, want kv secrets", got)
	}
	if got := m.Info().Isolation; !strings.HasPrefix(got, "restored") {
		t.Errorf("isolation %q, want restored", got)
	}
}

func TestLinkRefusesAnotherModule(t *testing.T) {
	for _, wasm := range []string{"", "no module", "\x00asm\x01\x00\x00\x00", "\x00asm\x01\x00\x00\x00\x01\xff\xff\xff\xff\x0f"} {
		if _, err := quickjs.Link([]byte(wasm), quickjs.Scripts{}, abi.Grants{}); err == nil {
			t.Errorf("%q was linked", wasm)
		}
	}
}
