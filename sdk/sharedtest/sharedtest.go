// Package sharedtest finds the recorded data that stands beside a checkout, for tests.
package sharedtest

import (
	"os"
	"path/filepath"
	"testing"
)

// Path returns the path of a file or folder of the shared data, name being relative to
// its data folder. Where the data is not there the test is skipped with a message, or
// fails if TOCSIN_REQUIRE_SHARED is set, as continuous integration does.
func Path(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("TOCSIN_SHARED")
	if dir == "" {
		dir = filepath.Join(root(t), "..", "shared")
	}
	path := filepath.Join(dir, "data", name)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("TOCSIN_REQUIRE_SHARED") != "" {
			t.Fatalf("the shared data is required and %s is not there", path)
		}
		t.Skipf("needs the shared data: %s is not there (set TOCSIN_SHARED)", path)
	}
	return path
}

// root is the folder of go.mod, above the test's own.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
}
