package pluginkit

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

func TestShipBuildsWhatChanged(t *testing.T) {
	root := t.TempDir()
	for path, text := range map[string]string{
		"go.mod":                   "module x\n\ngo 1.24\n",
		"plugins/dist/README.md":   "",
		"plugins/tiny/main.go":     "package main\n\nfunc main() {}\n",
		"plugins/tiny/plugin.yaml": "name: tiny\nabi: v1\nmodule: {path: tiny.wasm}\n",
	} {
		if err := write(filepath.Join(root, path), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	ship := func() (built []string) {
		t.Helper()
		if err := Ship(t.Context(), root, func(name string) { built = append(built, name) }); err != nil {
			t.Fatal(err)
		}
		return built
	}
	packed := filepath.Join(root, "plugins/dist/tiny.wasm.gz")
	read := func() string {
		t.Helper()
		b, err := os.ReadFile(packed)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if got := ship(); len(got) != 1 {
		t.Fatalf("built %q, want tiny", got)
	}
	first := read()
	if got := ship(); len(got) != 0 {
		t.Errorf("built %q, nothing changed", got)
	}
	if err := os.Remove(packed); err != nil {
		t.Fatal(err)
	}
	if got := ship(); len(got) != 1 || read() != first {
		t.Errorf("built %q; equal sources must give equal bytes", got)
	}
	if err := write(filepath.Join(root, "plugins/tiny/more.go"), []byte("package main\n")); err != nil {
		t.Fatal(err)
	}
	if got := ship(); len(got) != 1 {
		t.Errorf("built %q after a change, want tiny", got)
	}
	left, err := filepath.Glob(filepath.Join(root, "plugins/dist/*.wasm"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

// TestCall runs one plugin that makes every kind of host call.
func TestCall(t *testing.T) {
	s := Source{Wasm: sandboxtest.Guest(t, "../sandbox/testdata/guests/caller")}
	s.Manifest.Name = "caller"
	o := CallOptions{Now: time.Unix(0, 0), Seed: "s", Grants: abi.Grants{HTTP: []string{"a.example"}, KV: 1 << 10, Emit: []string{"shop"}, Secrets: []string{"TOKEN"},
		AWS: []abi.AWSGrant{{Service: "sqs", Actions: []string{"SendMessage"}}}}}
	o.Event = []byte(`{"calls":[{"f":"http","arg":"https://a.example/x"},{"f":"http","arg":"https://b.example/"},{"f":"aws","arg":"SendMessage"},
		{"f":"aws","arg":"DeleteQueue"},{"f":"emit","arg":"shop"},{"f":"count","arg":"sent"},{"f":"kv","arg":"k"}]}`)
	called, err := Call(t.Context(), sandboxtest.Host(t), s, o)
	if err != nil {
		t.Fatal(err)
	}
	want := []HostCall{
		{Function: "http", What: "POST https://a.example/x", Answer: "200, not sent; --live sends it"},
		{Function: "http", What: "POST https://b.example/", Refused: "b.example is not listed; add it under allow.http"},
		{Function: "aws", What: `sqs.SendMessage {"QueueUrl":"http://h/000000000000/orders"}`, Answer: "{}, not sent"},
		{Function: "aws", What: "sqs.DeleteQueue", Refused: "not in needs.aws"},
		{Function: "emit", What: `{"source":"shop","detail-type":"Test","detail":{}}`, Answer: "noted"},
		{Function: "metric", What: "sent +2", Answer: "counted"},
		{Function: "kv_put", What: "k"},
		{Function: "kv_get", What: "k", Answer: `{"n":1}`},
		{Function: "kv_cas", What: "k"},
		{Function: "kv_list", Answer: `{"keys":["k"]}`},
		{Function: "kv_delete", What: "k"},
	}
	if diff := cmp.Diff(want, called.HostCalls); diff != "" {
		t.Errorf("host calls (-want +got):\n%s", diff)
	}
	if called.Failure == nil || called.Failure.Retry || !strings.Contains(called.Failure.Error, "not granted") {
		t.Errorf("failure %+v, want the refused calls, not worth another attempt", called.Failure)
	}
	if called.Fuel == 0 || called.Memory == 0 || called.MemoryLimit != sandbox.Defaults.Memory {
		t.Errorf("the costs are missing: %+v", called)
	}
}
