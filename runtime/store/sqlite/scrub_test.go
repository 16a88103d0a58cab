package sqlite

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestScrub: damage of a file that nobody reads is found and mended.
func TestScrub(t *testing.T) {
	s := openFaulty(t, t.TempDir(), Config{})
	fill(t, s)
	want := answers(t, s)
	sealed := s.all()[0]
	if err := sealed.reader().rest(); err != nil { // the last one removes the log
		t.Fatal(err)
	}
	goOn := func() error { return nil }
	if err := s.scrub(sealed, goOn); err != nil || s.damaged.Load() != 0 {
		t.Fatalf("a file that is whole: %v, %d reports", err, s.damaged.Load())
	}
	b, err := os.ReadFile(sealed.path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-eventsPage/2] ^= 1
	if err := os.WriteFile(sealed.path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.scrub(sealed, goOn); err != nil || s.damaged.Load() == 0 {
		t.Fatalf("a damaged file: %v, %d reports", err, s.damaged.Load())
	}
	if diff := cmp.Diff(want, answers(t, s)); diff != "" {
		t.Errorf("the bit was turned back, and the answers are others:\n%s", diff)
	}
}
