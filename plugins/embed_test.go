package plugins

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestNamesAreTheFolders(t *testing.T) {
	found, err := filepath.Glob("*/plugin.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		if name := filepath.Dir(path); !slices.Contains(Names, name) {
			t.Errorf("plugins/%s is not in Names", name)
		}
	}
}

func TestLoad(t *testing.T) {
	wasm := []byte("\x00asm\x01\x00\x00\x00")
	digest := sha256.Sum256(wasm)
	manifest := func(sha string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(`{"name":"log","module":{"path":"log.wasm","sha256":"` + sha + `"}}`)}
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(wasm); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	module := &fstest.MapFile{Data: packed.Bytes()}
	for _, tc := range []struct {
		name  string
		files fs.FS
		want  string
	}{
		{"all there", fstest.MapFS{"dist/log.json": manifest(hex.EncodeToString(digest[:])), "dist/log.wasm.gz": module}, ""},
		{"not built", fstest.MapFS{}, "run make plugins"},
		{"another module", fstest.MapFS{"dist/log.json": manifest("00"), "dist/log.wasm.gz": module}, "is not the module"},
		{"module missing", fstest.MapFS{"dist/log.json": manifest("00")}, "run make plugins"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, m, err := load(tc.files, "log")
			if tc.want != "" {
				if err == nil || !strings.Contains(err.Error(), tc.want) {
					t.Fatalf("error %v, want one with %q", err, tc.want)
				}
				return
			}
			if err != nil || !bytes.Equal(got, wasm) || m.Name != "log" {
				t.Errorf("Load = %q, %+v, %v", got, m, err)
			}
		})
	}
}

func TestPlaceholderIsCommitted(t *testing.T) {
	if _, err := os.Stat("dist/README.md"); err != nil {
		t.Errorf("go:embed needs it in a fresh clone: %v", err)
	}
}
