package main

import (
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// commands are what the scripts can do beside testscript's own commands.
var commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"exits":      exits,
	"eventually": eventually,
	"prints":     prints,
	"udp":        udp,
	"repeat":     repeat,
	"blocks":     blocks,
	"rulefiles":  rulefiles,
	"examples":   examples,
	"address":    address,
	"ready":      ready,
	"pinned":     pinned,
	"guest":      guest,
	"tamper":     tamper,
}

// tamper FILE OLD NEW writes a text in the place of another one, which must be there.
func tamper(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s has no %s", args[0], args[1])
	}
	if err := os.WriteFile(ts.MkAbs(args[0]), []byte(strings.ReplaceAll(text, args[1], args[2])), 0o600); err != nil {
		ts.Fatalf("%v", err)
	}
}

// pinned FILE… writes the digest that the last program printed for ${DIGEST} in files, and
// into the variable DIGEST.
func pinned(ts *testscript.TestScript, _ bool, files []string) {
	digest := regexp.MustCompile(`[0-9a-f]{64}`).FindString(ts.ReadFile("stdout"))
	if digest == "" {
		ts.Fatalf("the last program printed no digest")
	}
	ts.Setenv("DIGEST", digest)
	for _, file := range files {
		text := strings.ReplaceAll(ts.ReadFile(file), "${DIGEST}", digest)
		if err := os.WriteFile(ts.MkAbs(file), []byte(text), 0o600); err != nil {
			ts.Fatalf("%v", err)
		}
	}
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

// prints REGEXP PROGRAM ARG… runs a program until its output matches.
func prints(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: prints REGEXP PROGRAM ARG…")
	}
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	waitUntil(ts, "output like "+args[0], func() bool {
		exitCode(ts, args[1:])
		return want.MatchString(ts.ReadFile("stdout"))
	})
}

// udp ADDRESS FILE sends a file in one datagram.
func udp(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: udp ADDRESS FILE")
	}
	conn, err := net.Dial("udp", args[0])
	ts.Check(err)
	_, err = conn.Write([]byte(ts.ReadFile(args[1])))
	ts.Check(errors.Join(err, conn.Close()))
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
	_, noAWS := os.Stat(awsCLI)
	for _, block := range fenced(ts, args[0], "sh") {
		if strings.Contains(block, "aws ") && noAWS != nil {
			ts.Logf("%s: passed over, for want of %s:\n%s", args[0], awsCLI, block)
			continue
		}
		ts.Check(ts.Exec("bash", "-euo", "pipefail", "-c", "aws() { "+awsCLI+` "$@"; }`+"\n"+block))
	}
}

// rulefiles PAGE checks each rule file that a page shows.
func rulefiles(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: rulefiles PAGE")
	}
	for _, block := range fenced(ts, args[0], "yaml") {
		file := ts.MkAbs("shown.yaml")
		ts.Check(os.WriteFile(file, []byte(block), 0o600))
		ts.Check(ts.Exec("tocsin", "check", file))
	}
}

// fenced are the blocks of one language in a page of the tree; at least one.
func fenced(ts *testscript.TestScript, page, language string) (all []string) {
	text, err := os.ReadFile(filepath.Join(root, page))
	ts.Check(err)
	for _, part := range strings.Split(string(text), "\n```"+language+"\n")[1:] {
		block, _, closed := strings.Cut(part, "\n```\n")
		if !closed {
			ts.Fatalf("%s: a block does not end", page)
		}
		all = append(all, block+"\n")
	}
	if all == nil {
		ts.Fatalf("%s has no block of %s", page, language)
	}
	return all
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
