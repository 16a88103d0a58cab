package toolchain

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/tocsin-engine/tocsin/runtime/pluginkit/quickjs"
	"github.com/tocsin-engine/tocsin/sdk"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// The npm packages, and the digest of the one file that becomes part of plugins.
const (
	ascPackage     = "assemblyscript@0.28.20"
	quickjsPackage = "quickjs-wasi@3.6.2"
	quickjsSHA256  = "d4c9375f2b1ca4dc95f72c8aa2982a7a9951ac8011490d79c6582df732b4bbd9"
)

// assemblyScript compiles plugin.ts with asc: the project's own, the one in PATH, or the
// one in the cache, which npm puts there. Its collector runs when the SDK says so, which is
// hardly ever: memory is put back after every delivery.
func assemblyScript(ctx context.Context, dir, out string, _ abi.Grants) error {
	own, err := filepath.Abs(filepath.Join(dir, "node_modules", ".bin", "asc"))
	if err != nil {
		return err
	}
	asc := first(func(string) bool { return true }, own, "asc")
	if asc == "" {
		if asc, err = cachedASC(ctx); err != nil {
			return err
		}
	}
	if rel, err := filepath.Rel(abs(dir), out); err == nil {
		out = rel // asc takes a path from the root for one of the project
	}
	return run(ctx, dir, asc, "plugin.ts", "-O3", "--noAssert", "--runtime", "minimal", "--exportStart", "_initialize",
		"--use", "abort=tocsin/abort", "-o", out)
}

func abs(path string) string {
	if a, err := filepath.Abs(path); err == nil {
		return a
	}
	return path
}

func cachedASC(ctx context.Context) (string, error) {
	dir, err := cache(ascPackage)
	if err != nil {
		return "", err
	}
	asc := filepath.Join(dir, "node_modules", ".bin", "asc")
	if _, err := os.Stat(asc); err == nil {
		return asc, nil
	}
	npm, err := findNPM("AssemblyScript", ascPackage)
	if err != nil {
		return "", err
	}
	return asc, run(ctx, dir, npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--loglevel=error", "--prefix", dir, ascPackage)
}

// javaScript links plugin.js with QuickJS: the copy in the cache, which npm puts there.
func javaScript(ctx context.Context, dir, out string, needs abi.Grants) error {
	engine, err := QuickJS(ctx)
	if err != nil {
		return err
	}
	script, err := os.ReadFile(filepath.Join(dir, "plugin.js"))
	if err != nil {
		return err
	}
	library, err := os.ReadFile(filepath.Join(dir, "tocsin.js"))
	if errors.Is(err, os.ErrNotExist) {
		library, err = sdk.File("target/js/tocsin.js")
	}
	if err != nil {
		return err
	}
	wasm, err := quickjs.Link(engine, quickjs.Scripts{SDK: library, Plugin: script, Name: "plugin.js"}, needs)
	if err != nil {
		return err
	}
	return os.WriteFile(out, wasm, 0o644)
}

// QuickJS is quickjs.wasm of the pinned release.
func QuickJS(ctx context.Context) ([]byte, error) {
	dir, err := cache(quickjsPackage)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "quickjs.wasm")
	if b, err := os.ReadFile(file); err == nil && digest(b) == quickjsSHA256 {
		return b, nil
	}
	npm, err := findNPM("JavaScript", quickjsPackage)
	if err != nil {
		return nil, err
	}
	if err := run(ctx, dir, npm, "pack", "--loglevel=error", quickjsPackage); err != nil {
		return nil, err
	}
	packed := filepath.Join(dir, "quickjs-wasi-3.6.2.tgz")
	b, err := unpack(packed, "package/quickjs.wasm")
	if err != nil {
		return nil, err
	}
	if digest(b) != quickjsSHA256 {
		return nil, fmt.Errorf("the quickjs.wasm that npm fetched has the digest %s, the release %s has %s", digest(b), quickjsPackage, quickjsSHA256)
	}
	return b, errors.Join(os.Remove(packed), os.WriteFile(file, b, 0o644))
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// unpack reads one file of a packed npm package.
func unpack(packed, name string) ([]byte, error) {
	f, err := os.Open(packed)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if err != nil {
			return nil, fmt.Errorf("%s in %s: %w", name, packed, err)
		}
		if h.Name == name {
			return io.ReadAll(io.LimitReader(t, 8<<20))
		}
	}
}

// cache is a folder for an npm package.
func cache(pkg string) (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("there is no folder to keep %s in: %w", pkg, err)
	}
	dir = filepath.Join(dir, "tocsin", "npm", pkg)
	return dir, os.MkdirAll(dir, 0o750)
}

func findNPM(language, pkg string) (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", &Missing{language, "npm once, to fetch " + pkg + " (Debian: apt-get install npm)"}
	}
	return npm, nil
}
