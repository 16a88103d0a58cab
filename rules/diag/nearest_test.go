package diag_test

import (
	"testing"

	"github.com/tocsin-engine/tocsin/rules/diag"
)

func TestNearest(t *testing.T) {
	names := []string{"prefix", "suffix", "exists", "numeric"}
	for name, want := range map[string]string{
		"prefx": "prefix", "perfix": "prefix", "sufix": "suffix", "exist": "exists", "existss": "exists",
		"nmueric": "numeric", "regex": "", "": "", "x": "", "préfix": "prefix",
	} {
		if got := diag.Nearest(name, names); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
	if got := diag.Nearest("ab", []string{"cd"}); got != "" {
		t.Errorf("Nearest finds %q for a name without a letter in common", got)
	}
}
