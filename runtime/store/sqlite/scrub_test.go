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

// TestStatsTellOfDamage: what is found while the unread events are counted is in the same
// answer, for there may be no second one.
func TestStatsTellOfDamage(t *testing.T) {
	dir := t.TempDir()
	s := openFaulty(t, dir, Config{})
	fill(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content := files(t, dir)
	for name, b := range content {
		if name == s.all()[0].name() {
			content[name] = b[:eventsPage]
		}
	}
	s = openFaulty(t, lay(t, content), Config{})
	stats, err := s.Stats(t.Context())
	if err != nil || stats.Damaged == 0 || stats.SetAside == 0 {
		t.Errorf("the first stats after a file was cut: %+v, %v", stats, err)
	}
}
