package awsapi

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseKeys(t *testing.T) {
	got, err := ParseKeys("# ours\n\nAKONE secret/one=\n  AKTWO\tsecret2  \r\n")
	if diff := cmp.Diff(map[string]string{"AKONE": "secret/one=", "AKTWO": "secret2"}, got); err != nil || diff != "" {
		t.Errorf("ParseKeys: %v %s", err, diff)
	}
	for text, want := range map[string]string{
		"":                   "1: there is no key",
		"# only a comment\n": "1: there is no key",
		"AK":                 "1: write ACCESS_KEY_ID SECRET",
		"\nAK s3cr3t x":      "2: write ACCESS_KEY_ID SECRET",
		"A/K s3cr3t":         "1: an access key id has no",
		"AK s3cr3t\nAK x":    "2: the access key id AK stands twice",
	} {
		_, err := ParseKeys(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("ParseKeys(%q) = %v, want %s", text, err, want)
		}
	}
}

func TestLoadKeys(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys")
	if _, err := LoadKeys(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("no file: %v", err)
	}
	if err := os.WriteFile(file, []byte("AK"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKeys(file); err == nil || !strings.Contains(err.Error(), file+":1: write") {
		t.Errorf("a bad file: %v", err)
	}
}

// FuzzParseKeys: what is accepted has ids that a signature can name, and secrets; what
// is not never tells a secret.
func FuzzParseKeys(f *testing.F) {
	f.Add("AK secret\n#x\n")
	f.Add("AK")
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := ParseKeys(text)
		if (err == nil) != (len(keys) > 0) {
			t.Fatalf("%d keys and %v", len(keys), err)
		}
		for id, secret := range keys {
			if id == "" || secret == "" || strings.ContainsAny(id, "/,= \t\n") {
				t.Fatalf("%q: %q", id, secret)
			}
		}
	})
}
