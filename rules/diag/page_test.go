package diag_test

import (
	"strings"
	"testing"

	"github.com/tocsin-engine/tocsin/rules/diag"
)

// TestPages: a page begins with its own code, so that `tocsin help CODE` cannot show
// another one's.
func TestPages(t *testing.T) {
	if len(diag.Codes()) == 0 {
		t.Fatal("no page is embedded")
	}
	for _, code := range diag.Codes() {
		page, ok := diag.Page(strings.ToLower(code))
		if !ok || !strings.HasPrefix(page, "# "+code+": ") || !strings.HasSuffix(page, "\n") {
			t.Errorf("codes/%s.md begins with %.40q, want %q", code, page, "# "+code+": ")
		}
	}
	if _, ok := diag.Page("P999"); ok {
		t.Error("P999 has a page")
	}
}
