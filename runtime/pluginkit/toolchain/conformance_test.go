package toolchain_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tocsin-engine/tocsin/runtime/pluginkit/toolchain"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/abi/tck"
)

const targets = "../../../sdk/target"

// grants are what the conformance target needs.
var grants = abi.Grants{HTTP: []string{"a.example"}, KV: 64 << 10, Emit: []string{"tck"}, Secrets: []string{"token"},
	AWS: []abi.AWSGrant{{Service: "sqs", Actions: []string{"SendMessage"}}}}

// build compiles the target in folder (example or tck) of a language's SDK, and skips the
// test where its compiler is not on this machine.
func build(t *testing.T, l toolchain.Language, folder string, needs abi.Grants) []byte {
	t.Helper()
	dir := filepath.Join(targets, folder)
	if l.SDK != "" {
		dir = t.TempDir()
		for _, path := range []string{l.SDK, folder + "/" + l.Source} {
			b, err := os.ReadFile(filepath.Join(targets, l.Name, path))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, filepath.Base(path)), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	out := filepath.Join(t.TempDir(), "out.wasm")
	err := l.Compile(t.Context(), dir, out, needs)
	var missing *toolchain.Missing
	if errors.As(err, &missing) || err != nil && strings.Contains(err.Error(), "npm error") {
		t.Skipf("skipped: the SDK of %s: %v", l.Name, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	wasm, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %d bytes", l.Name, len(wasm))
	return wasm
}

// TestSDKs holds every SDK to the conformance kit.
func TestSDKs(t *testing.T) {
	cases, err := tck.SDKs()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range toolchain.Languages {
		t.Run(l.Name, func(t *testing.T) {
			wasm := build(t, l, "tck", grants)
			h := sandboxtest.Host(t)
			for _, c := range cases {
				if l.Name == "js" && c.May != "" {
					continue
				}
				c.Grants = grants
				t.Run(c.Name, func(t *testing.T) { check(t, c, sandboxtest.Kit(t, h, wasm, c)) })
			}
		})
	}
}

func check(t *testing.T, c tck.Case, outcomes []tck.Outcome) {
	t.Helper()
	for _, d := range c.Check(outcomes[0]) {
		t.Error(d)
	}
	if len(outcomes) > 1 {
		if diff := cmp.Diff(outcomes[0], outcomes[1]); diff != "" {
			t.Errorf("the second call is not the first (-first +second):\n%s", diff)
		}
	}
}

// TestExamples holds the examples, which are also what `tocsin new plugin` writes, to one
// behaviour in every language.
func TestExamples(t *testing.T) {
	const config = `{"url": "https://a.example/T0", "at_least": 1000}`
	call := tck.Call{Function: "http", Request: []byte(`{"method": "POST", "url": "https://a.example/T0", "headers": {"content-type": "application/json"},
		"body": "{\"order\":\"A-\\\"17\",\"amount\":1250}"}`)}
	line := tck.Call{Function: "log", Request: []byte(`{"message": "a big order", "order": "A-\"17"}`)}
	big := []tck.Record{{Event: []byte(`{"detail": {"id": "A-\"17", "amount": 1250}}`)}}
	cases := []tck.Case{
		{Name: "a big order", Config: []byte(config), Records: big, Want: tck.Outcome{Calls: []tck.Call{call, line}}},
		{Name: "a small order", Config: []byte(config), Records: []tck.Record{{Event: []byte(`{"detail": {"id": "A", "amount": 999}}`)}}},
		{Name: "a bad order among good ones", Config: []byte(config),
			Records: []tck.Record{big[0], {Event: []byte(`{"detail": {"amount": "1250"}}`)}, {Event: []byte(`{}`)}},
			Want:    tck.Outcome{Calls: []tck.Call{call, line}, Failures: []abi.Failure{{ID: "2", Code: "NO_AMOUNT"}, {ID: "3", Code: "NO_AMOUNT"}}}},
		{Name: "later", Config: []byte(config), Records: big, Answers: map[string]json.RawMessage{"http": []byte(`{"status": 500}`)},
			Want: tck.Outcome{Calls: []tck.Call{call, line}, Failures: []abi.Failure{{ID: "1", Retry: true}}}},
		{Name: "no url", Config: []byte(`{"ur": 1}`), Want: tck.Outcome{Problems: []string{"url", "ur"}}},
	}
	needs := abi.Grants{HTTP: []string{"a.example"}}
	for _, l := range toolchain.Languages {
		t.Run(l.Name, func(t *testing.T) {
			wasm := build(t, l, "example", needs)
			h := sandboxtest.Host(t)
			for _, c := range cases {
				c.Grants = needs
				t.Run(c.Name, func(t *testing.T) { check(t, c, sandboxtest.Kit(t, h, wasm, c)) })
			}
		})
	}
}
