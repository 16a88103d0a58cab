package rulefile

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/sdk/abi"
)

func TestParseManifest(t *testing.T) {
	got, list := ParseManifest(File{Name: "plugin.yaml", Data: []byte(`name: slack
version: 1.0.0
abi: v1
module: {path: slack.wasm, sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}
needs:
  http: ["$config.url"]
  aws: [{service: sqs, actions: [SendMessage], resources: ["*"]}]
  kv: 1MiB
  emit: [shop.slack]
  secrets: [TOKEN]
limits: {memory: 16MiB, time: 1500ms, fuel: 10, output: 1KiB, log: 10}
`)})
	for _, f := range list {
		t.Error(f.Error())
	}
	want := abi.Manifest{Name: "slack", Version: "1.0.0", ABI: "v1",
		Module: abi.ManifestModule{Path: "slack.wasm", SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
		Needs: abi.Grants{HTTP: []string{"$config.url"}, KV: 1 << 20, Emit: []string{"shop.slack"}, Secrets: []string{"TOKEN"},
			AWS: []abi.AWSGrant{{Service: "sqs", Actions: []string{"SendMessage"}, Resources: []string{"*"}}}},
		Limits: abi.Limits{Memory: 16 << 20, TimeMS: 1500, Fuel: 10, Output: 1 << 10, Log: 10}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParseManifest_findings(t *testing.T) {
	for _, tc := range []struct{ name, src, want string }{
		{"empty", "", `plugin.yaml:1:1: error R002: this file takes an object, this is nothing`},
		{"a function of another abi", "name: a\nabi: v1\nmodule: {path: a.wasm}\nfunction: greet\n", `plugin.yaml:4:1: error R001: function: a function is only named with  abi: extism`},
		{"abi", "name: a\nabi: v2\nmodule: {path: a.wasm}\n", `plugin.yaml:2:6: error R011: abi: "abi" is v1 or wasi-command or extism, not "v2"`},
		{"name", "name: A b\nabi: v1\nmodule: {path: a.wasm}\n", `plugin.yaml:1:7: error R008: name: "A b" cannot be used as a name`},
		{"a name upward", "name: ../../a\nabi: v1\nmodule: {path: a.wasm}\n", `plugin.yaml:1:7: error R008: name: "../../a" cannot be used as a name`},
		{"module", "name: a\nabi: v1\n", `plugin.yaml:1:1: error R003: this manifest has no module`},
		{"needs", "name: a\nabi: v1\nmodule: {path: a.wasm}\nneeds: {htp: [x]}\n", `plugin.yaml:4:9: error R001: needs.htp: unknown field "htp"`},
		{"size", "name: a\nabi: v1\nmodule: {path: a.wasm}\nlimits: {memory: 1MB}\n", `plugin.yaml:4:18: error R014: limits.memory: "memory" is a number of bytes`},
		{"yaml", "name: a\nabi: v1\nmodule: {path: a.wasm\n", `plugin.yaml:3:9: error Y010: this { is never closed`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, list := ParseManifest(File{Name: "plugin.yaml", Data: []byte(tc.src)})
			if len(list) != 1 || list[0].Error() != tc.want {
				t.Errorf("got %v\nwant %s", list, tc.want)
			}
		})
	}
}
