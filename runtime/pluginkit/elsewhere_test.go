package pluginkit

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/manifest"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/pack"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
	"github.com/tocsin-engine/tocsin/sdk/abi/wat"
)

// summing is a plugin that adds up every byte of a batch, and traps if the sum is 0.
const summing = `(module (memory (export "memory") 1) (data (i32.const 16) "{}") (global $sum (mut i32) (i32.const 0))
  (func (export "abi_v1"))
  (func (export "alloc") (param i32) (result i32) i32.const 1024)
  (func (export "handle") (param i32 i32) (result i64)
    loop $next
      global.get $sum local.get 0 i32.load8_u i32.add global.set $sum
      local.get 0 i32.const 1 i32.add local.set 0
      local.get 1 i32.const 1 i32.sub local.set 1
      local.get 1 if br $next end
    end
    global.get $sum i32.eqz if unreachable end
    i64.const 68719476738))`

// summed is that plugin in a folder, as tocsin plugin build leaves it.
func summed(t *testing.T) Source {
	t.Helper()
	wasm, err := wat.Assemble(summing)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"sum.wasm":    string(wasm),
		manifest.File: "name: sum\nabi: v1\nmodule: {path: sum.wasm, sha256: " + manifest.Digest(wasm) + "}\n",
	} {
		if err := write(filepath.Join(dir, name), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// other is the platform that this one is not.
func other() string {
	if pack.Here() == "linux-amd64" {
		return "linux-arm64"
	}
	return "linux-amd64"
}

// program builds testdata/elsewhere for a platform.
func program(t *testing.T, platform string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "elsewhere-"+platform)
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-o", file, "./testdata/elsewhere")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH="+strings.TrimPrefix(platform, "linux-"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return file
}

// TestPackForAnotherProcessor: a pack has code for the other processor, which gives the same
// answer there, for as much fuel and in as much memory.
func TestPackForAnotherProcessor(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("skipped: packs have code for Linux alone")
	}
	emulator, err := findEmulator(machines[other()].emulator)
	if err != nil {
		t.Skipf("skipped: a pack for %s: %v", other(), err)
	}
	here, there := program(t, pack.Here()), program(t, other())
	dir := filepath.Dir(summed(t).ManifestPath)
	digest := output(t, here, "pack", dir, there, pack.Here(), other())
	file := filepath.Join(dir, "sum.pack")
	mine := output(t, here, "deliver", file, digest)
	if !strings.HasPrefix(mine, "packed [] ") {
		t.Errorf("here: %s", mine)
	}
	if diff := cmp.Diff(mine, output(t, emulator, "-cpu", machines[other()].cpu, there, "deliver", file, digest)); diff != "" {
		t.Errorf("here and on %s: %s", other(), diff)
	}
}

// output is what a command prints.
func output(t *testing.T, command ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", command, err)
	}
	return strings.TrimSpace(string(out))
}

// TestPackWithoutTheOther: what is missing for the other processor's code is said, and the
// pack is made without it.
func TestPackWithoutTheOther(t *testing.T) {
	empty := t.TempDir()
	foreign := filepath.Join(empty, "foreign")
	if err := write(foreign, []byte("no program")); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, platform, want string
		programs             []string
		path                 string
	}{
		{"no program for it", other(), "name one with --program", nil, os.Getenv("PATH")},
		{"a file that is no program", other(), "foreign: ", []string{foreign}, os.Getenv("PATH")},
		{"no emulator", other(), "which is not installed (Debian: apt-get install qemu-user-static)", []string{programFor(t, other())}, empty},
		{"a program of another kind", other(), "name one with --program", []string{programFor(t, pack.Here())}, empty},
		{"a platform of which nothing is known", "linux-riscv64", "other platforms can be linux-amd64 and linux-arm64", nil, empty},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := summed(t)
			t.Setenv("PATH", tc.path)
			p, err := Pack(t.Context(), sandboxtest.Host(t), s, PackOptions{Platforms: []string{pack.Here(), tc.platform}, Programs: tc.programs})
			if err != nil {
				t.Fatal(err)
			}
			if why := p.Without[tc.platform]; !strings.Contains(why, tc.want) {
				t.Errorf("without it because %q, want %q", why, tc.want)
			}
			if len(p.Platforms) != 1 || p.Platforms[pack.Here()] == 0 {
				t.Errorf("platforms %v, want this one", p.Platforms)
			}
		})
	}
}

// programFor writes the header of a program for a platform.
func programFor(t *testing.T, platform string) string {
	t.Helper()
	header := make([]byte, 64)
	copy(header, "\x7fELF\x02\x01\x01")
	header[16], header[18], header[20], header[52] = 2, byte(machines[platform].elf), 1, 64
	file := filepath.Join(t.TempDir(), "tocsin-"+platform)
	if err := write(file, header); err != nil {
		t.Fatal(err)
	}
	return file
}
