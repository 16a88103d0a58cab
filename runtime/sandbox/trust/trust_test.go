package trust

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// pair makes a pair of keys and loads it.
func pair(t *testing.T, name string) (trusted Keys, keyFile string) {
	t.Helper()
	base := filepath.Join(t.TempDir(), name)
	if err := Generate(base); err != nil {
		t.Fatal(err)
	}
	keys, err := LoadKeys(base + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	return keys, base + ".key"
}

func TestCheck(t *testing.T) {
	ours, keyFile := pair(t, "ours")
	theirs, _ := pair(t, "theirs")
	key, err := LoadPrivate(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "plugin.yaml")
	content := []byte("name: slack\n")
	if err := Keys(nil).Check(file, content); err != nil {
		t.Errorf("without trusted keys: %v", err)
	}
	refused := func(k Keys, content []byte, want string) {
		t.Helper()
		if err := k.Check(file, content); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	refused(ours, content, "plugin.yaml is not signed")
	if err := Sign(file, content, key); err != nil {
		t.Fatal(err)
	}
	if err := append(theirs, ours...).Check(file, content); err != nil {
		t.Errorf("one of two keys signed it: %v", err)
	}
	refused(theirs, content, "of none of the 1 trusted keys")
	refused(ours, []byte("name: other\n"), "was changed after it was signed")
	if err := os.WriteFile(file+Ext, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(ours, content, "is no signature")
}

func TestKeyFiles(t *testing.T) {
	_, private := pair(t, "p")
	public := strings.TrimSuffix(private, ".key") + ".pub"
	if err := Generate(strings.TrimSuffix(private, ".key")); !os.IsExist(err) {
		t.Errorf("keys were written over: %v", err)
	}
	if info, err := os.Stat(private); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the private key's mode is %v, %v", info.Mode(), err)
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{second(LoadKeys(private)), "is no Ed25519 public key"},
		{second(LoadKeys(empty)), "there is no PEM block"},
		{second(LoadKeys("nowhere")), "no such file"},
		{second(LoadPrivate(public)), "is no Ed25519 private key"},
		{second(LoadPrivate(empty)), "there is no PEM block"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%v, want %q", c.err, c.want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// OpenSSL's keys are ours.
func TestOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("skipped: keys of OpenSSL; openssl is not there")
	}
	dir := t.TempDir()
	private, public := filepath.Join(dir, "k.pem"), filepath.Join(dir, "k.pub")
	for _, args := range [][]string{
		{"genpkey", "-algorithm", "ed25519", "-out", private},
		{"pkey", "-in", private, "-pubout", "-out", public},
	} {
		if out, err := exec.Command(openssl, args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	key, err := LoadPrivate(private)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := LoadKeys(public)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "plugin.yaml")
	if err := Sign(file, []byte("x"), key); err != nil {
		t.Fatal(err)
	}
	if err := keys.Check(file, []byte("x")); err != nil {
		t.Error(err)
	}
}

func FuzzKeys(f *testing.F) {
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := filepath.Join(t.TempDir(), "k")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if keys, err := LoadKeys(file); err == nil && len(keys) == 0 {
			t.Error("a file without a key was taken: then nothing would need a signature")
		}
		LoadPrivate(file)
	})
}
