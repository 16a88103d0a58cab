package pluginkit

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/pack"
)

// machine is how a processor's programs run on another one. The compiler makes code for
// the processor that it runs on, and its features: those named here are what every server
// of that kind has had since 2019.
type machine struct {
	elf      elf.Machine
	emulator string
	cpu      string
}

var machines = map[string]machine{
	"linux-arm64": {elf.EM_AARCH64, "qemu-aarch64", "neoverse-n1"},
	"linux-amd64": {elf.EM_X86_64, "qemu-x86_64", "Haswell"},
}

// elsewhere compiles a module for another platform: with a tocsin of that platform, run by
// an emulator. It is one of programs, or lies beside this program as tocsin-linux-arm64.
func elsewhere(ctx context.Context, platform string, programs []string, wasm []byte) (pack.Code, error) {
	m, ok := machines[platform]
	if !ok {
		return pack.Code{}, errors.New("other platforms can be linux-amd64 and linux-arm64")
	}
	self, err := os.Executable()
	if err != nil {
		return pack.Code{}, err
	}
	beside := filepath.Join(filepath.Dir(self), "tocsin-"+platform)
	program, err := m.find(append(slices.Clone(programs), beside))
	if err != nil {
		return pack.Code{}, err
	}
	if program == "" {
		return pack.Code{}, fmt.Errorf("it takes a tocsin for that platform, and there is no %s; name one with --program", beside)
	}
	emulator, err := findEmulator(m.emulator)
	if err != nil {
		return pack.Code{}, err
	}
	cmd := exec.CommandContext(ctx, emulator, "-cpu", m.cpu, program, "plugin", "code")
	cmd.Stdin = bytes.NewReader(wasm)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		return pack.Code{}, fmt.Errorf("%s: %w: %s", program, err, strings.TrimSpace(stderr.String()))
	}
	code, err := ReadCode(out.Bytes())
	if err == nil && code.Platform != platform {
		err = fmt.Errorf("%s makes code for %s", program, code.Platform)
	}
	return code, err
}

// find is the first of programs that is for this machine.
func (m machine) find(programs []string) (string, error) {
	for _, program := range programs {
		f, err := elf.Open(program)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("%s: %w", program, err)
		}
		if err := f.Close(); err != nil {
			return "", err
		}
		if f.Machine == m.elf {
			return program, nil
		}
	}
	return "", nil
}

func findEmulator(name string) (string, error) {
	for _, name := range []string{name + "-static", name} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("it takes %s, which is not installed (Debian: apt-get install qemu-user-static)", name)
}

// Code compiles a module for this platform and returns what ReadCode reads: the platform
// and the key, a line each, and the code.
func Code(ctx context.Context, wasm []byte) ([]byte, error) {
	c, err := sandbox.CompileCode(ctx, wasm)
	if err != nil {
		return nil, err
	}
	return append(fmt.Appendf(nil, "%s\n%x\n", c.Platform, c.Key), c.Text...), nil
}

// ReadCode reads what Code wrote.
func ReadCode(b []byte) (pack.Code, error) {
	platform, rest, ok := bytes.Cut(b, []byte("\n"))
	key, text, more := bytes.Cut(rest, []byte("\n"))
	c := pack.Code{Platform: string(platform), Text: text}
	if n, err := hex.Decode(c.Key[:], key[:min(len(key), 64)]); !ok || !more || err != nil || n != len(c.Key) {
		return pack.Code{}, errors.New("a tocsin of another version answered")
	}
	return c, nil
}
