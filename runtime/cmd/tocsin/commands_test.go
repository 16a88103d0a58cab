package main

import (
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// commands are what the scripts can do beside testscript's own commands.
var commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"exits":      exits,
	"eventually": eventually,
	"repeat":     repeat,
	"blocks":     blocks,
	"examples":   examples,
	"address":    address,
	"ready":      ready,
}

// address chooses a free port for the server of a script and tells the clients of it.
func address(ts *testscript.TestScript, _ bool, _ []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		ts.Fatalf("%v", err)
	}
	l.Close()
	ts.Setenv("TOCSIN_LISTEN", l.Addr().String())
	ts.Setenv("TOCSIN_SERVER", "http://"+l.Addr().String())
	ts.Setenv("AWS_ENDPOINT_URL", "http://"+l.Addr().String())
}

// ready waits until the script's server takes events.
func ready(ts *testscript.TestScript, _ bool, _ []string) {
	url := ts.Getenv("TOCSIN_SERVER") + "/readyz"
	waitUntil(ts, "the server to be ready", func() bool {
		resp, err := http.Get(url)
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

// exits CODE PROGRAM ARG… runs a program that must end with this exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARG…")
	}
	if got := exitCode(ts, args[1:]); strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit code %d, want %s", got, args[0])
	}
}

func exitCode(ts *testscript.TestScript, command []string) int {
	err := ts.Exec(command[0], command[1:]...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	ts.Check(err)
	return 0
}

// eventually CODE PROGRAM ARG… runs a program until it ends with this exit code.
func eventually(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: eventually CODE PROGRAM ARG…")
	}
	waitUntil(ts, "exit code "+args[0], func() bool { return strconv.Itoa(exitCode(ts, args[1:])) == args[0] })
}

// repeat N FROM TO writes the file FROM N times over into TO.
func repeat(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: repeat N FROM TO")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	text := strings.Repeat(ts.ReadFile(args[1]), n)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(text), 0o600))
}

// root is the top of the tree.
const root = "../../.."

// examples copies the folder of examples into the script's own.
func examples(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(os.CopyFS(ts.MkAbs("examples"), os.DirFS(filepath.Join(root, "examples"))))
}

// awsCLI is Debian's; another one may come first in PATH.
const awsCLI = "/usr/bin/aws"

// blocks PAGE runs each block of shell commands (```sh) of a page of the tree in bash.
// Those that drive the AWS CLI are passed over where it is not installed.
func blocks(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: blocks PAGE")
	}
	page, err := os.ReadFile(filepath.Join(root, args[0]))
	ts.Check(err)
	_, noAWS := os.Stat(awsCLI)
	ran := 0
	for _, part := range strings.Split(string(page), "\n```sh\n")[1:] {
		block, _, closed := strings.Cut(part, "\n```\n")
		if !closed {
			ts.Fatalf("%s: a block does not end", args[0])
		}
		ran++
		if strings.Contains(block, "aws ") && noAWS != nil {
			ts.Logf("%s: passed over, for want of %s:\n%s", args[0], awsCLI, block)
			continue
		}
		ts.Check(ts.Exec("bash", "-euo", "pipefail", "-c", "aws() { "+awsCLI+` "$@"; }`+"\n"+block))
	}
	if ran == 0 {
		ts.Fatalf("%s has no block of shell commands", args[0])
	}
}

// waitUntil looks again and again whether something holds.
func waitUntil(ts *testscript.TestScript, what string, holds func() bool) {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for late := time.After(2 * time.Minute); !holds(); {
		select {
		case <-again.C:
		case <-late:
			ts.Fatalf("waited too long for %s", what)
		}
	}
}
