package sandbox_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// extismTarget is a target of the guest that imports what Extism's PDKs import.
func extismTarget(t testing.TB, c sandbox.TargetConfig) (*sandbox.Target, *recorder) {
	t.Helper()
	m, err := sandboxtest.Host(t).Compile(t.Context(), sandboxtest.Guest(t, "testdata/guests/extism"), "extism")
	if err != nil {
		t.Fatal(err)
	}
	if c.Grants.HTTP == nil {
		c.Grants.HTTP = []string{"a.example"}
	}
	r := &recorder{}
	c.Name = "t"
	if c.Host == nil {
		c.Host = r
	}
	target, err := m.NewTarget(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := target.Close(); err != nil {
			t.Error(err)
		}
	})
	return target, r
}

// said is a batch whose input is a text.
func said(texts ...string) sandbox.Call {
	c := batch(texts...)
	for i := range c.Batch.Records {
		c.Batch.Records[i].Input = abi.RawJSON(`"` + texts[i] + `"`)
	}
	return c
}

func TestExtismAnswers(t *testing.T) {
	target, r := extismTarget(t, sandbox.TargetConfig{Config: []byte(`{"name":"ann","n":[1,2],"empty":"","vars":true}`), Limits: abi.Limits{Output: 100, TimeMS: 60_000}})
	for _, tc := range []struct {
		do   string
		want abi.Failure
		logs []string
	}{
		{do: "count", logs: []string{"2 1"}},
		{do: "count", logs: []string{"2 1"}},
		{do: "code 0"},
		{do: "code 1", want: abi.Failure{ID: "1", Retry: true, Error: "it returned 1"}},
		{do: "minus 1", want: abi.Failure{ID: "1", Retry: true, Error: "it returned -1"}},
		{do: "error 1 no such channel", want: abi.Failure{ID: "1", Retry: true, Error: "no such channel"}},
		{do: "error 0 said all the same", want: abi.Failure{ID: "1", Retry: true, Error: "said all the same"}},
		{do: "error 75 later", want: abi.Failure{ID: "1", Retry: true, Error: "later"}},
		{do: "error 3 never", want: abi.Failure{ID: "1", Error: "never", Code: "EXIT_3"}},
		{do: "config name", logs: []string{`2 "ann"`}},
		{do: "config n", logs: []string{`2 "[1,2]"`}},
		{do: "config other", logs: []string{`2 ""`}},
		{do: "config empty", logs: []string{`2 ""`}},
		{do: "config tocsin.id", logs: []string{`2 "1"`}},
		{do: "config tocsin.rule", logs: []string{`2 "r"`}},
		{do: "config tocsin.attempt", logs: []string{`2 "1"`}},
		{do: "config tocsin.event", logs: []string{`2 "{\"do\":\"config tocsin.event\"}"`}},
		{do: "vars a", logs: []string{"2 >a"}},
		{do: "vars b", logs: []string{"2 >b"}},
		{do: "unset", logs: []string{"2 0"}},
		{do: "fill 1048575", want: abi.Failure{}},
		{do: "fill 1048576", want: abi.Failure{ID: "1", Error: "var_set n: over a size limit or quota"}},
		{do: "key 512", want: abi.Failure{}},
		{do: "key 513", want: abi.Failure{ID: "1", Error: "config_get: over a size limit or quota"}},
		{do: "post 2000000", want: abi.Failure{ID: "1", Error: "http_request: over a size limit or quota"}},
		{do: "log", logs: []string{"1 t", "3 w"}},
		{do: "blocks and words", logs: []string{"2 \x00\x00\x00"}},
		{do: "outside", logs: []string{"2 0"}},
		{do: "scribble", logs: []string{"2 x"}},
		{do: `http {\"nothing\":1}`, want: abi.Failure{ID: "1", Error: "http_request: it names no url: the request is not what the function takes"}},
		{do: `http {\"url\":\"https://a.example/x\"}`, want: abi.Failure{ID: "1", Retry: true, Error: "http_request GET https://a.example/x: the other side did not answer"}},
	} {
		t.Run(tc.do, func(t *testing.T) {
			r.take()
			result, _, err := target.Call(t.Context(), said(tc.do))
			if err != nil {
				t.Fatal(err)
			}
			var got abi.Failure
			if len(result.Failures) > 0 {
				got = result.Failures[0]
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("failure (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.logs, r.take()); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExtismFaults(t *testing.T) {
	target, _ := extismTarget(t, sandbox.TargetConfig{Limits: abi.Limits{Memory: 16 << 20, Output: 16, Fuel: 50_000_000, TimeMS: 60_000}})
	for _, tc := range []struct {
		do, want string
		kind     sandbox.FaultKind
	}{
		{"panic", "it was asked to", sandbox.Trap},
		{"loop", "fuel", sandbox.Fuel},
		{"bomb", "it needs more than 16 MiB of memory", sandbox.Memory},
		{"alloc 16777216", "it needs more than 16 MiB of memory", sandbox.Memory},
		{"alloc 18446744073709551615", "it needs more than 16 MiB of memory", sandbox.Memory},
		{"handle 17", "it passed 17 to a host function, which is no block of its heap", sandbox.Trap},
		{"handle 4294967304", "it passed 4294967304 to", sandbox.Trap},
		{"handle 18446744073709551608", "no block", sandbox.Trap},
		{"config tocsin.event", "its output has", sandbox.Output},
	} {
		t.Run(tc.do, func(t *testing.T) {
			for range 2 {
				_, _, err := target.Call(t.Context(), said(tc.do))
				var f *sandbox.Fault
				if !errors.As(err, &f) || f.Kind != tc.kind || !strings.Contains(err.Error(), tc.want) {
					t.Fatalf("error %v, want a %s with %q", err, tc.kind, tc.want)
				}
			}
		})
	}
}

// TestExtismRestored: neither the plugin's memory nor its heap keeps anything.
func TestExtismRestored(t *testing.T) {
	for _, mode := range []string{"dirty pages", "full copy"} {
		t.Run(mode, func(t *testing.T) {
			if mode == "full copy" {
				defer sandbox.WithoutDirtyPages()()
			}
			target, _ := extismTarget(t, sandbox.TargetConfig{Limits: abi.Limits{Memory: 16 << 20, Fuel: 5_000_000, TimeMS: 60_000}})
			clean := sandbox.Digest(target)
			seen := map[string]string{}
			for round := range 3 {
				for _, do := range []string{"count", "panic", "loop", "alloc 3000000", "bomb", "deep", "scribble", "outside", "blocks", "handle 17", "vars a", "error 3 x"} {
					got, err := sandbox.CallAndHash(target, said(do))
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
				if err := sandbox.Clone(target); err != nil {
					t.Fatal(err)
				}
				if now := sandbox.Digest(target); now != clean {
					t.Fatalf("a clone is not the original: %s, want %s", now, clean)
				}
			}
		})
	}
}

// TestExtismInit: a plugin may say what is wrong with its config.
func TestExtismInit(t *testing.T) {
	m, err := sandboxtest.Host(t).Compile(t.Context(), sandboxtest.Guest(t, "testdata/guests/extism"), "extism")
	if err != nil {
		t.Fatal(err)
	}
	for config, want := range map[string]string{
		`{"a":"wrong"}`:  "plugin extism: config name is wrong; write another",
		`{"a":"number"}`: "plugin extism: config it returned 7",
		`{"a":"crash"}`:  "plugin extism: trap: panic: it was asked to",
	} {
		_, err := m.NewTarget(t.Context(), sandbox.TargetConfig{Name: "t", Config: []byte(config), Host: &recorder{}, Grants: abi.Grants{HTTP: []string{"a.example"}}})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", config, err, want)
		}
	}
}

// around is a machine that answers.
type around struct {
	recorder
	kv       sandbox.Space
	errno    abi.Errno
	response abi.HTTPResponse
	request  abi.HTTPRequest
}

func (a *around) KV(_ context.Context, _ sandbox.Scope, function string, r abi.KVRequest) ([]byte, abi.Errno) {
	if a.errno != 0 {
		return nil, a.errno
	}
	return a.kv.Do(function, r)
}

func (a *around) HTTP(_ context.Context, _ sandbox.Scope, r abi.HTTPRequest) (abi.HTTPResponse, abi.Errno) {
	a.request = r
	return a.response, a.errno
}

// TestExtismVars: with a key-value space a var is there in the next delivery.
func TestExtismVars(t *testing.T) {
	a := &around{kv: sandbox.Space{}}
	target, _ := extismTarget(t, sandbox.TargetConfig{Host: a, Grants: abi.Grants{KV: 1 << 10}})
	for _, tc := range []struct{ do, log, stored string }{
		{"vars a", "2 >a", `"a"`},
		{"vars b", "2 a>ab", `"ab"`},
		{"unset", "2 0", ""},
		{"vars c", "2 >c", `"c"`},
	} {
		if _, _, err := target.Call(t.Context(), said(tc.do)); err != nil {
			t.Fatal(err)
		}
		if got := a.take(); len(got) != 1 || got[0] != tc.log || string(a.kv["n"]) != tc.stored {
			t.Errorf("%s: log %q, stored %s; want %s, %s", tc.do, got, a.kv["n"], tc.log, tc.stored)
		}
	}
	for _, tc := range []struct {
		errno abi.Errno
		retry bool
	}{{abi.Unavailable, true}, {abi.Busy, true}, {abi.TooLarge, false}} {
		a.errno = tc.errno
		result, _, err := target.Call(t.Context(), said("vars a"))
		want := []abi.Failure{{ID: "1", Retry: tc.retry, Error: "var_get n: " + tc.errno.Error()}}
		if diff := cmp.Diff(want, result.Failures); err != nil || diff != "" {
			t.Errorf("error %v, failures (-want +got):\n%s", err, diff)
		}
	}
	a.errno = 0
	if result, _, err := target.Call(t.Context(), said("fill 2000")); err != nil || len(result.Failures) != 1 || result.Failures[0].Retry {
		t.Errorf("%+v, %v; want it over the quota for good", result, err)
	}
}

func TestExtismHTTP(t *testing.T) {
	a := &around{response: abi.HTTPResponse{Status: 201, Body: "made", Headers: map[string]string{"x-a": "1"}}}
	target, _ := extismTarget(t, sandbox.TargetConfig{Host: a})
	send := `http {\"url\":\"https://a.example/x\",\"method\":\"PUT\",\"header\":{\"X-B\":\"2\"}} body`
	if _, _, err := target.Call(t.Context(), said(send)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(abi.HTTPRequest{URL: "https://a.example/x", Method: "PUT", Headers: map[string]string{"X-B": "2"}, Body: "body"}, a.request); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{`2 201 made {"x-a":"1"}`}, a.take()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	a.response = abi.HTTPResponse{Status: 204}
	if _, _, err := target.Call(t.Context(), said(send)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`2 204  `}, a.take()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	a.errno = abi.Denied
	result, _, err := target.Call(t.Context(), said(send))
	want := []abi.Failure{{ID: "1", Error: "http_request PUT https://a.example/x: not granted to this target"}}
	if diff := cmp.Diff(want, result.Failures); err != nil || diff != "" {
		t.Errorf("error %v, failures (-want +got):\n%s", err, diff)
	}
}

func TestExtismModules(t *testing.T) {
	h := sandboxtest.Host(t)
	wasm := sandboxtest.Guest(t, "testdata/guests/extism")
	m, err := h.Compile(t.Context(), wasm, "extism")
	if err != nil {
		t.Fatal(err)
	}
	if i := m.Info(); i.ABI != abi.Extism || cmp.Diff([]string{"deliver", "second"}, i.Functions) != "" || cmp.Diff([]string{"http"}, i.Capabilities) != "" {
		t.Errorf("info %+v", i)
	}
	config := sandbox.TargetConfig{Name: "t", Host: &recorder{}}
	if _, err := m.NewTarget(t.Context(), config); err == nil || !strings.Contains(err.Error(), "it imports http, which it was not granted") {
		t.Errorf("error %v, want that http is not granted", err)
	}
	config.Grants.HTTP = []string{"a.example"}
	config.Function = "third"
	if _, err := m.NewTarget(t.Context(), config); err == nil || !strings.Contains(err.Error(), "it exports no function third that takes nothing and returns an i32; it has deliver, second") {
		t.Errorf("error %v, want what it exports", err)
	}
	r := &recorder{}
	config.Function, config.Host = "second", r
	target, err := m.NewTarget(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	if _, _, err := target.Call(t.Context(), said("a")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"2 second"}, r.take()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	if _, _, err := target.Call(t.Context(), said("a", "b")); !target.OneByOne() || err == nil {
		t.Error("two records in a call")
	}
}

// TestExtismReplay: the heap and what the host answered are part of a recording.
func TestExtismReplay(t *testing.T) {
	for _, kept := range []int64{0, 1 << 10} {
		a := &around{kv: sandbox.Space{"n": abi.RawJSON(`"before"`)}, response: abi.HTTPResponse{Status: 200, Body: "body"}}
		target, _ := extismTarget(t, sandbox.TargetConfig{Host: a, Function: "deliver", Grants: abi.Grants{KV: kept},
			Limits: abi.Limits{Memory: 16 << 20, Fuel: 5_000_000, TimeMS: 60_000}})
		m, err := sandboxtest.Host(t).Compile(t.Context(), sandboxtest.Guest(t, "testdata/guests/extism"), "extism")
		if err != nil {
			t.Fatal(err)
		}
		for _, do := range []string{"vars x", "count", "scribble", "loop", "error 3 x", `http {\"url\":\"https://a.example/x\"}`, "log"} {
			sandboxtest.Replayed(t, m, record(t, target, said(do)))
		}
	}
}
