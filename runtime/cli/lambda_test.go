package cli

import (
	"archive/zip"
	"os"
	"path/filepath"
	"testing"
)

func TestUnpack(t *testing.T) {
	v := invokeVerb{zip: filepath.Join(t.TempDir(), "f.zip")}
	f, err := os.Create(v.zip)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for name, mode := range map[string]os.FileMode{"bootstrap": 0o755, "rules/deep/r.yaml": 0o644} {
		h := &zip.FileHeader{Name: name}
		h.SetMode(mode)
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write([]byte(name))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	remove, err := v.unpack()
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(v.bootstrap)
	if err != nil || info.Mode().Perm()&0o111 == 0 {
		t.Errorf("%v %v", info, err)
	}
	if text, err := os.ReadFile(filepath.Join(v.root, "rules", "deep", "r.yaml")); err != nil || string(text) != "rules/deep/r.yaml" {
		t.Errorf("%q %v", text, err)
	}
	if err := remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(v.root); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
}
