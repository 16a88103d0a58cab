package extism_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// fixtures is the folder of the plugins that Extism's own tests run, built with PDKs for
// which there is no compiler here. They are fetched with the module that they are part of,
// of which nothing else is used; where that cannot be, the test is skipped.
func fixtures(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("skipped: plugins of Extism's tests; -short")
	}
	download := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", "github.com/extism/go-sdk")
	download.Dir = "testdata/fixtures"
	var stderr bytes.Buffer
	download.Stderr = &stderr
	out, err := download.Output()
	var module struct{ Dir string }
	if err == nil {
		err = json.Unmarshal(out, &module)
	}
	if err != nil {
		t.Skipf("skipped: the plugins of Extism's tests could not be fetched: %v\n%s%s", err, out, &stderr)
	}
	return filepath.Join(module.Dir, "wasm")
}

// TestFixtures: plugins that know nothing of us do what they do elsewhere.
func TestFixtures(t *testing.T) {
	dir := fixtures(t)
	for _, tc := range []struct {
		file, built, function string
		want                  []abi.Failure
		logs                  []string
	}{
		{file: "count_vowels.wasm", built: "Rust", function: "count_vowels", logs: []string{`2 {"count":3,"total":3,"vowels":"aeiouAEIOU"}`}},
		{file: "hello_haskell.wasm", built: "Haskell", function: "testing", logs: []string{"2 Hello, hello world"}},
		{file: "config.wasm", built: "TinyGo", function: "run_test", logs: []string{`2 {"config": "T"}`}},
		{file: "log.wasm", built: "TinyGo", function: "run_test", logs: []string{"1 this is a trace log", "1 this is a debug log",
			"2 this is an info log", "3 this is a warning log", "4 this is an error log"}},
		{file: "replace.wasm", built: "TinyGo", function: "run_test", logs: []string{"2 hello world"}},
		{file: "var.wasm", built: "TinyGo", function: "run_test", logs: []string{"2 a: 0"}},
		{file: "exit.wasm", built: "TinyGo", function: "_start", want: []abi.Failure{{ID: "1", Error: "it returned 2", Code: "EXIT_2"}}},
		{file: "http.wasm", built: "TinyGo", function: "run_test", logs: []string{"2 body"}},
		{file: "fail.wasm", built: "by hand", function: "run_test", want: []abi.Failure{{ID: "1", Retry: true, Error: "Some error message"}}},
		{file: "hello.wasm", built: "by hand", function: "run_test", logs: []string{"2 Hello, world!"}},
		{file: "alloc.wasm", built: "by hand", function: "run_test"},
	} {
		t.Run(tc.built+"/"+tc.file, func(t *testing.T) {
			w := &world{response: abi.HTTPResponse{Status: 200, Body: "body"}}
			m, err := sandboxtest.Host(t).Compile(t.Context(), read(t, filepath.Join(dir, tc.file)), "plugin")
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close(t.Context())
			if name, err := m.Called(""); name != tc.function || err != nil {
				t.Errorf("it is called by %q, %v; want %q", name, err, tc.function)
			}
			plugin, err := m.NewTarget(t.Context(), sandbox.TargetConfig{Name: "t", Config: []byte(`{"thing":"T","code":"2"}`), Host: w,
				Grants: abi.Grants{HTTP: []string{"jsonplaceholder.typicode.com"}}})
			if err != nil {
				t.Fatal(err)
			}
			defer plugin.Close()
			c := delivery("1")
			c.Batch.Records[0].Input = abi.RawJSON(`"hello world"`)
			for range 2 { // the second finds nothing of the first
				w.logs = nil
				result, _, err := plugin.Call(t.Context(), c)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tc.want, result.Failures); diff != "" {
					t.Errorf("failures (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(tc.logs, w.logs); diff != "" {
					t.Errorf("log (-want +got):\n%s", diff)
				}
			}
		})
	}
}
