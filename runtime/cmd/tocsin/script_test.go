package main

import (
	"flag"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
)

var update = flag.Bool("update", false, "rewrite the expected output in the scripts")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tocsin": func() { os.Exit(run()) }})
}

// TestScripts runs testdata/script: the specification of the command line. The program
// runs in a child process, so the exit codes and streams are the real ones.
func TestScripts(t *testing.T) {
	built, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("LC_ALL", "C.UTF-8")
			env.Setenv("HOME", env.WorkDir)
			// Plugins are built with the machine's build cache and no network, and compiled
			// once for all tests.
			env.Setenv("GOCACHE", strings.TrimSpace(string(built)))
			env.Setenv("GOPROXY", "off")
			env.Setenv("GOFLAGS", "-buildvcs=false")
			env.Setenv("TOCSIN_CACHE", sandboxtest.CacheDir())
			env.Setenv("TOCSIN_XRAY", "off") // several servers run at once
			return nil
		},
		Cmds: commands,
	})
}
