package extism_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tocsin-engine/tocsin/runtime/npmtest"
	"github.com/tocsin-engine/tocsin/runtime/pluginkit/gobuild"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// goPDK is the plugin built with Extism's own PDK for Go, which is fetched; without it the
// test is skipped.
func goPDK(t testing.TB) []byte {
	t.Helper()
	if testing.Short() {
		t.Skip("skipped: Extism's PDK for Go; -short")
	}
	download := exec.CommandContext(t.Context(), "go", "mod", "download", "github.com/extism/go-pdk")
	download.Dir = "testdata/gopdk"
	if out, err := download.CombinedOutput(); err != nil {
		t.Skipf("skipped: Extism's PDK for Go could not be fetched: %v\n%s", err, out)
	}
	file := filepath.Join(t.TempDir(), "gopdk.wasm")
	if err := gobuild.Compile(t.Context(), "testdata/gopdk", file); err != nil {
		t.Fatal(err)
	}
	return read(t, file)
}

// asPDK is the plugin built with that for AssemblyScript.
func asPDK(t *testing.T) []byte {
	t.Helper()
	packages := npmtest.Install(t, "extism-as-pdk", "testdata/aspdk/package.json")
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(packages, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "plugin.ts"), read(t, "testdata/aspdk/plugin.ts"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "plugin.wasm")
	asc := exec.CommandContext(t.Context(), "node", "node_modules/assemblyscript/bin/asc.js", "plugin.ts", "-O1", "--runtime", "incremental",
		"--use", "abort=plugin/abort", "--outFile", file)
	asc.Dir = dir
	if out, err := asc.CombinedOutput(); err != nil {
		t.Fatalf("asc: %v\n%s", err, out)
	}
	return read(t, file)
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// world is what the plugins see around them.
type world struct {
	sandbox.Nobody
	logs     []string
	requests []abi.HTTPRequest
	response abi.HTTPResponse
	kv       sandbox.Space
}

func (w *world) Log(_ sandbox.Scope, level abi.LogLevel, text []byte) {
	w.logs = append(w.logs, fmt.Sprintf("%d %s", level, text))
}

func (w *world) HTTP(_ context.Context, _ sandbox.Scope, r abi.HTTPRequest) (abi.HTTPResponse, abi.Errno) {
	w.requests = append(w.requests, r)
	return w.response, 0
}

func (w *world) KV(_ context.Context, _ sandbox.Scope, function string, r abi.KVRequest) ([]byte, abi.Errno) {
	return w.kv.Do(function, r)
}

// delivery is one event as a call.
func delivery(detail string) sandbox.Call {
	record := abi.Record{ID: "1", Attempt: 1, Rule: "r", Event: abi.RawJSON(`{"source":"shop","detail":` + detail + `}`)}
	return sandbox.Call{Now: time.UnixMilli(1767323045000), Seed: "s", Batch: abi.Batch{Records: []abi.Record{record}}}
}

func target(t testing.TB, wasm []byte, c sandbox.TargetConfig) *sandbox.Target {
	t.Helper()
	m, err := sandboxtest.Host(t).Compile(t.Context(), wasm, "plugin")
	if err != nil {
		t.Fatal(err)
	}
	if m.Info().ABI != abi.Extism || !strings.HasPrefix(m.Info().Isolation, "restored: ") {
		t.Errorf("info %+v", m.Info())
	}
	c.Name = "t"
	out, err := m.NewTarget(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = out.Close() })
	return out
}

// TestPDKs runs plugins that were built with Extism's own PDKs.
func TestPDKs(t *testing.T) {
	for _, pdk := range []struct {
		name  string
		build func(*testing.T) []byte
	}{
		{"go-pdk 1.1.3", func(t *testing.T) []byte { return goPDK(t) }},
		{"as-pdk 1.0.0", asPDK},
	} {
		t.Run(pdk.name, func(t *testing.T) {
			wasm := pdk.build(t)
			w := &world{}
			plain := target(t, wasm, sandbox.TargetConfig{Config: []byte(`{"name":"ann","url":"https://a.example/x"}`),
				Grants: abi.Grants{HTTP: []string{"a.example"}}, Function: "deliver", Host: w})
			later := abi.Failure{ID: "1", Retry: true, Error: "the channel is down"}
			never := abi.Failure{ID: "1", Error: "there is no such channel", Code: "EXIT_3"}
			said := []string{"2 for ann: 33 bytes", "2 call 1, seen 0"}
			for _, tc := range []struct {
				detail string
				want   []abi.Failure
				fault  bool
				logs   []string
			}{
				{detail: `"fine"`, logs: said},
				{detail: `"later"`, want: []abi.Failure{later}},
				{detail: `"fine"`, logs: said},
				{detail: `"never"`, want: []abi.Failure{never}},
				{detail: `"panic"`, fault: true},
				{detail: `"fine"`, logs: said},
			} {
				w.logs = nil
				result, _, err := plain.Call(t.Context(), delivery(tc.detail))
				var fault *sandbox.Fault
				if errors.As(err, &fault) != tc.fault {
					t.Fatalf("%s: %v", tc.detail, err)
				}
				if diff := cmp.Diff(tc.want, result.Failures); diff != "" {
					t.Errorf("%s: failures (-want +got):\n%s", tc.detail, diff)
				}
				if diff := cmp.Diff(tc.logs, w.logs); diff != "" {
					t.Errorf("%s: log (-want +got):\n%s", tc.detail, diff)
				}
			}
			w.kv, w.logs = sandbox.Space{}, nil
			kept := target(t, wasm, sandbox.TargetConfig{Grants: abi.Grants{HTTP: []string{"a.example"}, KV: 1 << 10}, Function: "deliver", Host: w})
			for range 2 {
				if _, _, err := kept.Call(t.Context(), delivery("1")); err != nil {
					t.Fatal(err)
				}
			}
			if !slices.Contains(w.logs, "2 call 1, seen 1") {
				t.Errorf("log %q, want the var to be kept in the key-value space", w.logs)
			}
		})
	}
}

func TestPDKConfig(t *testing.T) {
	m, err := sandboxtest.Host(t).Compile(t.Context(), goPDK(t), "plugin")
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.NewTarget(t.Context(), sandbox.TargetConfig{Name: "t", Config: []byte(`{"url":"no address"}`), Function: "post", Host: &world{},
		Grants: abi.Grants{HTTP: []string{"a.example"}}})
	var problems *sandbox.ConfigError
	if !errors.As(err, &problems) || problems.Error() != "plugin plugin: config url is no address" {
		t.Errorf("error %v, want what is wrong with the config", err)
	}
}

// TestPDKRequest is a plugin that sends its event on.
func TestPDKRequest(t *testing.T) {
	w := &world{response: abi.HTTPResponse{Status: 201, Headers: map[string]string{"x-id": "7"}, Body: "made"}}
	post := target(t, goPDK(t), sandbox.TargetConfig{Config: []byte(`{"url":"https://a.example/x"}`), Function: "post", Host: w,
		Grants: abi.Grants{HTTP: []string{"a.example"}}})
	result, _, err := post.Call(t.Context(), delivery(`{"id":"A-17"}`))
	if err != nil || len(result.Failures) > 0 {
		t.Fatalf("%+v, %v", result, err)
	}
	want := []abi.HTTPRequest{{Method: "POST", URL: "https://a.example/x", Headers: map[string]string{"Content-Type": "application/json"}, Body: `{"text":"order A-17"}`}}
	if diff := cmp.Diff(want, w.requests); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"1 201 7 made"}, w.logs); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	w.response = abi.HTTPResponse{Status: 503, BodyBase64: "//4="}
	result, _, err = post.Call(t.Context(), delivery(`{"id":"A-17"}`))
	if err != nil || len(result.Failures) != 1 || !result.Failures[0].Retry || result.Failures[0].Error != "503 �" {
		t.Errorf("%+v, %v; want another attempt", result, err)
	}
}
