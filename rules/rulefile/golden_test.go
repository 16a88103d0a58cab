package rulefile

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// goldenOptions are what the files of a topic are checked against.
func goldenOptions(topic string) Options {
	o := Options{Durable: topic != "memory"}
	if topic != "gallery" && topic != "plugins" {
		return o
	}
	url := abi.Manifest{Needs: abi.Grants{HTTP: []string{"$config.url"}}}
	o.Plugins = map[string]PluginInfo{
		"log":     {Shipped: true},
		"sqs":     {Shipped: true, Manifest: abi.Manifest{Needs: abi.Grants{AWS: []abi.AWSGrant{{Service: "sqs", Actions: []string{"SendMessage"}}}}}},
		"webhook": {Shipped: true, Manifest: url, Imports: []string{"tocsin.http"}},
		"caller":  {Manifest: url},
		"slack": {
			Imports:  []string{"tocsin.http_v3(i32, i32) -> i32", "wasi_snapshot_preview1.fd_write"},
			Manifest: abi.Manifest{Needs: abi.Grants{HTTP: []string{"hooks.slack.com"}, Secrets: []string{"SLACK_WEBHOOK"}}},
		},
		"closer": {
			SHA256: strings.Repeat("b", 64), Imports: []string{"tocsin.kv_get", "env.now"},
			Manifest: abi.Manifest{Needs: abi.Grants{KV: 1 << 20, Emit: []string{"shop.closer"}, HTTP: []string{"a.example.com"},
				AWS: []abi.AWSGrant{{Service: "ec2", Actions: []string{"RevokeSecurityGroupIngress", "DescribeInstances"}}}}},
		},
		"rebuilt": {
			SHA256: strings.Repeat("c", 64), Imports: []string{"tocsin.http"},
			Manifest: abi.Manifest{Needs: abi.Grants{HTTP: []string{"hooks.slack.com"}}},
		},
		"count": {
			Imports:  []string{"extism:host/env.alloc", "extism:host/env.http_request", "extism:host/user.lookup(i64) -> i64"},
			Manifest: abi.Manifest{ABI: abi.Extism, Function: "greet"},
		},
		"emitter": {Manifest: abi.Manifest{Needs: abi.Grants{Emit: []string{"shop.robot"}}}},
		"greedy":  {Imports: []string{"tocsin.http", "tocsin.take"}},
		"broken":  {Err: errors.New("broken.wasm: no such file")},
	}
	return o
}

// loadGolden reads one file of testdata as a rule set, or as a test file.
func loadGolden(t *testing.T, name string) (diag.List, []byte, string) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	topic := filepath.Base(filepath.Dir(name))
	base := strings.NewReplacer(".bad", "", ".good", "").Replace(filepath.Base(name))
	file := File{Name: "rules/" + base, Data: data}
	if topic == "tests" {
		_, list := ParseTests(file)
		return list, data, file.Name
	}
	_, list := Load([]File{file}, goldenOptions(topic))
	return list, data, file.Name
}

// TestGolden: each bad file gives exactly the findings of its .diag, each good one none.
func TestGolden(t *testing.T) {
	names, err := filepath.Glob("testdata/*/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatal("no files", err)
	}
	for _, name := range names {
		t.Run(strings.TrimPrefix(name, "testdata/"), func(t *testing.T) {
			list, data, file := loadGolden(t, name)
			var got bytes.Buffer
			if err := (diag.Report{Findings: list, Sources: map[string][]byte{file: data}}).Text(&got); err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(name, ".yaml") + ".diag"
			if *update && strings.Contains(name, ".bad.") {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if strings.Contains(name, ".bad.") && err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if strings.Contains(name, ".bad.") && len(list) == 0 {
				t.Error("no finding")
			}
		})
	}
}
