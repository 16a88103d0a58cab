package sqlite

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
)

// damages are the ways in which a file is damaged: changed copies of it.
var damages = map[string]func(r *rand.Rand, b []byte) (how string, broken []byte){
	"flipped": func(r *rand.Rand, b []byte) (string, []byte) {
		at, bit := r.IntN(len(b)), r.IntN(8)
		if r.IntN(4) == 0 {
			at = r.IntN(min(len(b), 128)) // headers are small, and believed
		}
		b[at] ^= 1 << bit
		return fmt.Sprintf("bit %d of byte %d flipped", bit, at), b
	},
	"cut": func(r *rand.Rand, b []byte) (string, []byte) {
		n := r.IntN(len(b))
		return fmt.Sprintf("cut to %d bytes", n), b[:n]
	},
	"overwritten": func(r *rand.Rand, b []byte) (string, []byte) {
		at, n := r.IntN(len(b)), 1+r.IntN(600)
		for i := at; i < min(at+n, len(b)); i++ {
			b[i] = byte(r.Uint32())
		}
		return fmt.Sprintf("%d bytes from byte %d overwritten", n, at), b
	},
}

// TestRandomDamage damages the files of stores with random histories, closed or killed:
// the file, its write-ahead log, its index, of the state and of each hour. Whatever is
// lost by it is reported, and nothing that was not written is answered. TOCSIN_HISTORIES
// and TOCSIN_DAMAGES say how many histories there are and how often each is damaged.
func TestRandomDamage(t *testing.T) {
	number := func(name string, or int) int {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return n
		}
		return or
	}
	lost, reported, done := 0, 0, 0
	first := number("TOCSIN_FIRST_HISTORY", 0)
	for seed := range number("TOCSIN_HISTORIES", 3) {
		h := newHistory(uint64(first + seed))
		content := h.live(t)
		h.damaged(t, fmt.Sprint("history ", first+seed, ", undamaged"), content)
		for range number("TOCSIN_DAMAGES", 6) {
			for _, kind := range slices.Sorted(maps.Keys(damages)) {
				name := slices.Sorted(maps.Keys(content))[h.random.IntN(len(content))]
				whole := content[name]
				if len(whole) == 0 {
					continue
				}
				var how string
				how, content[name] = damages[kind](h.random, bytes.Clone(whole))
				l, r := h.damaged(t, fmt.Sprintf("history %d, %s of %d bytes, %s", first+seed, name, len(whole), how), content)
				lost, reported, done = lost+l, reported+r, done+1
				content[name] = whole
			}
		}
	}
	t.Logf("%d files damaged, %d reports, %d deliveries lost", done, reported, lost)
}

// live makes a store, goes through some lives of it and returns its files: those of one
// that was closed, or of one that was killed.
func (h *history) live(t *testing.T) map[string][]byte {
	dir := t.TempDir()
	s := openFaulty(t, dir, Config{})
	for range 1 + h.random.IntN(3) {
		h.goOn(t, s, 20+h.random.IntN(150))
		if h.random.IntN(2) == 0 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = openFaulty(t, dir, Config{})
		}
	}
	if h.random.IntN(4) > 0 {
		return everyFile(t, dir)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return everyFile(t, dir)
}

// damaged opens damaged files and holds the store's answers against the history.
func (h *history) damaged(t *testing.T, what string, content map[string][]byte) (lost, reported int) {
	t.Helper()
	var log bytes.Buffer
	dir := lay(t, content)
	s, err := Open(t.Context(), dir, Config{Log: hclog.New(&hclog.LoggerOptions{Output: &log, DisableTime: true})})
	if err != nil {
		t.Errorf("%s: the store does not open: %v", what, err)
		return 0, 0
	}
	out, err := h.hold(t, s)
	reported = int(s.damaged.Load())
	switch {
	case err != nil:
		t.Errorf("%s: the store does not answer: %v\n%s", what, err, log.String())
	case len(out.wrong) > 0:
		t.Errorf("%s: %s", what, strings.Join(out.wrong, "; "))
	case reported == 0 && len(out.lost)+len(out.state) > 0:
		t.Errorf("%s: nothing was said, and %d deliveries are lost, and %.500s\n%s", what, len(out.lost), strings.Join(out.state, "; "), log.String())
	case reported > 0 && strings.Contains(what, "undamaged"):
		t.Errorf("%s: %s", what, log.String())
	}
	_ = s.Close() // it may be damaged
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	return len(out.lost), reported
}
