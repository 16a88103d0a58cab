// Package npmtest gets packages from npm for tests that drive programs of others.
package npmtest

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Install returns a folder that has, in node_modules, the packages that a package.json
// names. npm fetches them once, into the user's cache, and runs none of their scripts;
// where it cannot, the test is skipped and says why.
func Install(t *testing.T, name, packageJSON string) string {
	t.Helper()
	if testing.Short() {
		t.Skipf("skipped: %s; -short", name)
	}
	manifest, err := os.ReadFile(packageJSON)
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("skipped: %s; %s is not there (Debian: apt-get install npm)", name, program)
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skipf("skipped: %s; there is no folder to keep it in: %v", name, err)
	}
	sum := sha256.Sum256(manifest)
	dir := filepath.Join(cache, "tocsin", "npm", name+"-"+hex.EncodeToString(sum[:6]))
	if _, err := os.Stat(dir); err != nil {
		install(t, name, dir, manifest)
	}
	return dir
}

// install fills a folder beside dir and moves it there, so that one that is there is whole.
func install(t *testing.T, name, dir string, manifest []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(dir), 0o750); err != nil {
		t.Fatal(err)
	}
	fresh, err := os.MkdirTemp(filepath.Dir(dir), name+"-new-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(fresh)
	if err := os.WriteFile(filepath.Join(fresh, "package.json"), manifest, 0o600); err != nil {
		t.Fatal(err)
	}
	npm := exec.CommandContext(t.Context(), "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error")
	npm.Dir = fresh
	if out, err := npm.CombinedOutput(); err != nil {
		t.Skipf("skipped: %s; npm could not fetch it: %v\n%s", name, err, out)
	}
	if err := os.Rename(fresh, dir); err != nil && !os.IsExist(err) {
		t.Logf("%s is fetched anew next time: %v", name, err)
	}
}
