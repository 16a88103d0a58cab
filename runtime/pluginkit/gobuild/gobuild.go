// Package gobuild compiles Go plugins with the go command.
package gobuild

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Compile compiles the Go main package in dir to a WebAssembly reactor. The name section
// stays in it, so that a trap names functions; paths of this machine do not.
func Compile(ctx context.Context, dir, out string) error {
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-buildmode=c-shared", "-o", out, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOWASM=")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	err = cmd.Run()
	if errors.Is(err, exec.ErrNotFound) {
		return errors.New("building a Go plugin needs the go command, 1.24 or later; see go.dev/dl")
	}
	if err != nil {
		return fmt.Errorf("go build of %s: %s", dir, strings.TrimSpace(stderr.String()))
	}
	return nil
}
