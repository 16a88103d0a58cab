package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/plugins"
	"github.com/tocsin-engine/tocsin/runtime/function/inventory"
	"github.com/tocsin-engine/tocsin/runtime/lambdahost/runtimeapi"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/pack"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
)

// program builds a command as a zip holds it, once a process.
func program(t testing.TB, dir string) string {
	t.Helper()
	build, _ := programs.LoadOrStore(dir, sync.OnceValues(func() (string, error) {
		file := filepath.Join(folder, "program"+filepath.Base(dir))
		cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-tags", "packedguests,lambda.norpc", "-o", file, dir)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%w: %s", err, out)
		}
		return file, nil
	}))
	file, err := build.(func() (string, error))()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

var (
	programs sync.Map
	folder   string // where they are
)

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "bootstrap-*"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(folder)
	os.Exit(code)
}

// packed is a pack of a shipped plugin.
type packed struct {
	bytes  []byte
	digest string
}

var packs sync.Map // by the plugin's name

// packOf packs a shipped plugin, once a process.
func packOf(t testing.TB, name string) packed {
	t.Helper()
	if p, ok := packs.Load(name); ok {
		return p.(packed)
	}
	wasm, m, err := plugins.Load(name)
	if err != nil {
		t.Skipf("skipped: %v", err)
	}
	text, err := json.Marshal(m) // which is YAML, too
	if err != nil {
		t.Fatal(err)
	}
	contents, err := sandboxtest.Host(t).Pack(t.Context(), wasm, text, m.Limits)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	digest, err := contents.Write(&b)
	if err != nil {
		t.Fatal(err)
	}
	p := packed{b.Bytes(), digest}
	packs.Store(name, p)
	return p
}

// shipped writes packs of shipped plugins into a function's folder, and the inventory.
func shipped(t testing.TB, root string, names ...string) {
	t.Helper()
	v := inventory.Inventory{Packs: map[string]string{}}
	for _, name := range names {
		p := packOf(t, name)
		write(t, filepath.Join(root, inventory.Plugins, name+pack.Ext), string(p.bytes))
		v.Packs[name] = p.digest
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, inventory.Name), string(text))
}

func write(t testing.TB, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// process is a bootstrap that runs.
type process struct {
	*runtimeapi.Server
	t   testing.TB
	cmd *exec.Cmd
	log *strings.Builder // to be read when it has ended
}

// start starts a function's program in its folder, with nothing in its environment but
// what Lambda sets, and more.
func start(t testing.TB, program, root string, env ...string) *process {
	t.Helper()
	api, err := runtimeapi.New()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Server: api, t: t, cmd: exec.Command(program), log: &strings.Builder{}}
	p.cmd.Dir = root
	p.cmd.Env = append(api.Env(), "LAMBDA_TASK_ROOT="+root, "AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=AKID", "AWS_SECRET_ACCESS_KEY=secret",
		"HOME=/nonexistent")
	p.cmd.Env = append(p.cmd.Env, env...)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		p.cmd.Wait()
		api.Close()
	})
	return p
}

// end tells the process to end as Lambda does, and returns its log.
func (p *process) end(signal syscall.Signal) string {
	p.t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		p.t.Fatal(err)
	}
	_ = p.cmd.Wait() // a process that was killed ends with an error
	return p.log.String()
}

// memory is a line of the process's status in KiB: VmHWM, VmRSS. What is known of children
// after their end counts this process before exec, too.
func (p *process) memory(name string) int {
	p.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var kib int
		if _, err := fmt.Sscanf(line, name+": %d kB", &kib); err == nil {
			return kib
		}
	}
	p.t.Fatalf("there is no %s in %s", name, text)
	return 0
}

// cpu is the processor time of the process until now, in steps of the kernel's clock.
func (p *process) cpu() time.Duration {
	p.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ") // its name may have spaces
	var user, system int64
	fields := strings.Fields(rest)
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		p.t.Fatal(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}
