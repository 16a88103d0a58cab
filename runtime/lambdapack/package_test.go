package lambdapack_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/function/inventory"
	"github.com/tocsin-engine/tocsin/runtime/lambdapack"
	"github.com/tocsin-engine/tocsin/runtime/ruledir"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
	"github.com/tocsin-engine/tocsin/sdk/abi/wat"
)

// quiet is a plugin that is done with everything.
const quiet = `(module (memory (export "memory") 1) (func (export "abi_v1"))
  (func (export "alloc") (param i32) (result i32) i32.const 4096)
  (func (export "handle") (param i32 i32) (result i64) i64.const 0))`

const ruleFile = `version: 1
rules:
  - {name: gone, pattern: {source: [aws.ec2]}, targets: [tell]}
  - {name: off, state: disabled, pattern: {source: [aws.s3]}, targets: [other]}
plugins:
  - {name: quiet, file: ../../plugins/quiet.wasm, allow: {secrets: [TOKEN]}}
  - {name: unreached, file: ../../plugins/unreached.wasm}
targets:
  - {name: tell, plugin: quiet}
  - {name: other, plugin: unreached}
`

// project writes a folder of rules and plugins whose files have this time.
func project(t *testing.T, at time.Time) (rules string) {
	t.Helper()
	dir := t.TempDir()
	wasm, err := wat.Assemble(quiet)
	if err != nil {
		t.Fatal(err)
	}
	manifest := func(name, needs string) string {
		return fmt.Sprintf("name: %s\nabi: v1\nmodule: {path: %s.wasm, sha256: %x}\nneeds: %s\n", name, name, sha256.Sum256(wasm), needs)
	}
	for name, text := range map[string]string{
		"rules/deep/a.yaml":             ruleFile,
		"rules/deep/a_test.yaml":        "version: 1\ntests: []\n",
		"rules/event.json":              "{}",
		"plugins/quiet.wasm":            string(wasm),
		"plugins/quiet.plugin.yaml":     manifest("quiet", "{secrets: [TOKEN]}"),
		"plugins/unreached.wasm":        string(wasm),
		"plugins/unreached.plugin.yaml": manifest("unreached", "{}"),
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "rules")
}

// program is the head of a program for a processor.
func program(t *testing.T, machine elf.Machine) string {
	t.Helper()
	var b bytes.Buffer
	h := elf.Header64{Type: uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT), Ehsize: 64, Phentsize: 56, Shentsize: 64}
	copy(h.Ident[:], elf.ELFMAG+string([]byte{byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)}))
	if err := binary.Write(&b, binary.LittleEndian, h); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "bootstrap")
	if err := os.WriteFile(file, b.Bytes(), 0o700); err != nil {
		t.Fatal(err)
	}
	return file
}

// options are those of a project for this machine's processor.
func options(t *testing.T, rules string) lambdapack.Options {
	t.Helper()
	files, err := ruledir.Read([]string{rules})
	if err != nil {
		t.Fatal(err)
	}
	plugins := sandbox.Sources{}.Describe(rulefile.Plugins(files.Rules))
	set, wrong := rulefile.Load(files.Rules, rulefile.Options{Plugins: plugins})
	if wrong.Errors() > 0 {
		t.Fatal(wrong)
	}
	machine := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[runtime.GOARCH]
	return lambdapack.Options{
		Dir: rules, Files: files, Set: set, Plugins: plugins, Implied: true, Zip: "out/f.zip", Version: "v1",
		Function:  lambdapack.Function{Name: "f", Arch: runtime.GOARCH},
		Bootstrap: program(t, machine),
	}
}

func TestPackage(t *testing.T) {
	h := sandboxtest.Host(t)
	o := options(t, project(t, time.Unix(1e9, 0)))
	o.State, o.Environment = "dynamodb:state", []lambdapack.Variable{{Name: "TOCSIN_ACCOUNT", Value: "1"}, {Name: "A", Value: "b"}}
	p, err := lambdapack.New(t.Context(), h, o)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(p.Zip), int64(len(p.Zip)))
	if err != nil {
		t.Fatal(err)
	}
	held := map[string][]byte{}
	var names []string
	for i, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		held[f.Name], names = text, append(names, f.Name)
		want := os.FileMode(0o644)
		if f.Name == "bootstrap" {
			want = 0o755
		}
		if f.Mode() != want || !f.Modified.Equal(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s: mode %v, time %v", f.Name, f.Mode(), f.Modified)
		}
		listed := p.Plan.Zip.Files[i]
		if diff := cmp.Diff(lambdapack.File{Name: f.Name, Size: int64(len(text)), SHA256: digest(text)}, listed); diff != "" {
			t.Errorf("the plan's file (-want +got):\n%s", diff)
		}
	}
	if diff := cmp.Diff([]string{"bootstrap", "plugins/quiet.pack", "rules/deep/a.yaml", "tocsin.json"}, names); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if p.Plan.Zip.SHA256 != digest(p.Zip) || p.Plan.Zip.Size != int64(len(p.Zip)) {
		t.Errorf("the plan's zip: %+v", p.Plan.Zip)
	}
	var v inventory.Inventory
	if err := json.Unmarshal(held[inventory.Name], &v); err != nil {
		t.Fatal(err)
	}
	for name, sum := range v.Files {
		if sum != digest(held[name]) {
			t.Errorf("%s names another digest of %s", inventory.Name, name)
		}
	}
	if diff := cmp.Diff([]string{"unreached"}, v.LeftOut); diff != "" {
		t.Errorf("left out (-want +got):\n%s", diff)
	}
	if len(v.Files) != len(names)-1 || v.Arch != runtime.GOARCH || v.Tocsin != "v1" || len(v.Packs) != 1 {
		t.Errorf("%s: %+v", inventory.Name, v)
	}
	want := []lambdapack.Variable{{Name: "A", Value: "b"}, {Name: "TOCSIN_ACCOUNT", Value: "1"}, {Name: "TOCSIN_LAMBDA_STATE", Value: "dynamodb:state"}}
	if diff := cmp.Diff(want, p.Plan.Environment); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"TOCSIN_PLUGIN_SECRET_TOKEN"}, p.Plan.Secrets); diff != "" {
		t.Errorf("secrets (-want +got):\n%s", diff)
	}
}

func digest(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

func TestSameInputsSameBytes(t *testing.T) {
	h := sandboxtest.Host(t)
	var zips [2][]byte
	var plans [2]lambdapack.Plan
	for i, at := range []time.Time{time.Unix(1e9, 0), time.Unix(2e9, 0)} {
		p, err := lambdapack.New(t.Context(), h, options(t, project(t, at)))
		if err != nil {
			t.Fatal(err)
		}
		zips[i], plans[i] = p.Zip, p.Plan
	}
	if !bytes.Equal(zips[0], zips[1]) {
		t.Error("copies of a project with other times give another zip")
	}
	if diff := cmp.Diff(plans[0], plans[1]); diff != "" {
		t.Errorf("and another plan:\n%s", diff)
	}
}

func TestRefused(t *testing.T) {
	h := sandboxtest.Host(t)
	rules := project(t, time.Unix(1e9, 0))
	other := map[string]string{"amd64": "arm64", "arm64": "amd64"}[runtime.GOARCH]
	for _, tt := range []struct {
		name   string
		change func(*lambdapack.Options)
		want   string
	}{
		{"a program for another processor", func(o *lambdapack.Options) { o.Function.Arch = other }, "is a program for"},
		{"no program", func(o *lambdapack.Options) { o.Bootstrap = rules + "/deep/a.yaml" }, "is no program for Lambda"},
		{"none that is found", func(o *lambdapack.Options) { o.Bootstrap, o.Function.Arch = "", other }, "name one with --bootstrap"},
		{"a state of another kind", func(o *lambdapack.Options) { o.State = "redis:x" }, "write dynamodb:TABLE"},
		{"its own log", func(o *lambdapack.Options) {
			o.Sources = []lambdapack.Source{{Kind: lambdapack.Logs, Name: "log", LogGroup: "/aws/lambda/f"}}
		}, "invoke itself for ever"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := options(t, rules)
			tt.change(&o)
			if _, err := lambdapack.New(t.Context(), h, o); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

// TestNoCompilerForTheProcessor packs without code, and says what that costs.
func TestNoCompilerForTheProcessor(t *testing.T) {
	other, machine := "arm64", elf.EM_AARCH64
	if runtime.GOARCH == "arm64" {
		other, machine = "amd64", elf.EM_X86_64
	}
	o := options(t, project(t, time.Unix(1e9, 0)))
	o.Function.Arch, o.Bootstrap = other, program(t, machine)
	p, err := lambdapack.New(t.Context(), sandboxtest.Host(t), o)
	if err != nil {
		t.Fatal(err)
	}
	var warned string
	for _, w := range p.Plan.Warnings {
		if w.About == "plugin quiet" {
			warned = w.Message + w.Help
		}
	}
	if !strings.Contains(warned, "no code for linux-"+other) || !strings.Contains(warned, "seconds of CPU") {
		t.Errorf("warnings: %+v", p.Plan.Warnings)
	}
}
