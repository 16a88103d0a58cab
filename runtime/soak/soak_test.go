package soak_test

import (
	"bytes"
	"io"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/soak"
)

func TestMain(m *testing.M) {
	if text := os.Getenv(soak.Env); text != "" {
		os.Exit(soak.Child(text))
	}
	os.Exit(m.Run())
}

func number(name string, or int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return or
}

// TestSoak is the short form. SOAK_JSONL makes it the long one, with KILLS and CUTS.
func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills processes for a while")
	}
	path := os.Getenv("SOAK_JSONL")
	c := soak.Config{Kills: 20, Cuts: 3, Pause: 100 * time.Millisecond, Dir: t.TempDir(), Program: os.Args[0]}
	c.Out, c.JSON = t.Output(), io.Discard
	if path != "" {
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		c.Kills, c.Cuts, c.Pause = number("KILLS", 100), number("CUTS", 20), 2*time.Second
		c.Out, c.JSON = os.Stdout, f
	}
	var jsonl bytes.Buffer
	c.JSON = io.MultiWriter(c.JSON, &jsonl)
	results, err := c.Run(t.Context(), path == "")
	if err != nil {
		t.Error(err)
	}
	for _, r := range results {
		if !r.NotRun && r.Acknowledged == 0 {
			t.Errorf("%s: nothing was acknowledged, so nothing was shown", r.Fault)
		}
	}
	if n := bytes.Count(jsonl.Bytes(), []byte("\n")); n != len(results) {
		t.Errorf("%d lines of JSON for %d faults", n, len(results))
	}
}
