package pluginkit

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/runtime/pluginkit/gobuild"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/manifest"
)

// Ship builds the shipped targets below root/plugins into root/plugins/dist, where the
// program embeds them. A target whose sources are those of its last build is left alone:
// a Go guest takes seconds.
func Ship(ctx context.Context, root string, progress func(name string)) error {
	mains, err := filepath.Glob(filepath.Join(root, "plugins", "*", manifest.File))
	if err != nil {
		return err
	}
	shared := ""
	for _, dir := range []string{"sdk", filepath.Join("plugins", "internal")} {
		digest, err := sourceDigest(filepath.Join(root, dir))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		shared += digest + "\n"
	}
	for _, path := range mains {
		dir := filepath.Dir(path)
		own, err := sourceDigest(dir)
		if err != nil {
			return err
		}
		out := filepath.Join(root, "plugins", "dist", filepath.Base(dir))
		sources := goruntime.Version() + "\n" + shared + own
		if last, err := os.ReadFile(out + ".sources"); err == nil && string(last) == sources && exists(out+".json") && exists(out+".wasm.gz") {
			continue
		}
		progress(filepath.Base(dir))
		if err := shipOne(ctx, dir, out, sources); err != nil {
			return err
		}
	}
	return nil
}

func shipOne(ctx context.Context, dir, out, sources string) error {
	m, err := manifest.Read(filepath.Join(dir, manifest.File))
	if err != nil {
		return err
	}
	wasmFile := out + ".wasm"
	if err := gobuild.Compile(ctx, dir, wasmFile); err != nil {
		return err
	}
	defer os.Remove(wasmFile)
	wasm, err := os.ReadFile(wasmFile)
	if err != nil {
		return err
	}
	m.Module.SHA256 = manifest.Digest(wasm)
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(wasm); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	for name, b := range map[string][]byte{".wasm.gz": packed.Bytes(), ".json": append(text, '\n')} {
		if err := os.WriteFile(out+name, b, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(out+".sources", []byte(sources), 0o644)
}

// sourceDigest is one digest over the sources below folders: their names and contents. A
// folder that is not there has none.
func sourceDigest(dirs ...string) (string, error) {
	h := sha256.New()
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || d.IsDir() || !isSource(path) {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(h, "%s %d\n%s", filepath.Base(path), len(text), text)
			return nil
		})
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func isSource(path string) bool {
	return slices.Contains([]string{".go", ".yaml", ".mod"}, filepath.Ext(path)) && !strings.HasSuffix(path, "_test.go")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
