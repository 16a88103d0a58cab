package sqlite

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// TestTurnBack: a flipped bit is never taken for another one.
func TestTurnBack(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	page := make([]byte, eventsPage)
	for i := range page {
		page[i] = byte(random.Uint32())
	}
	sum := pageSum(page)
	copy(page[eventsPage-8:], sum[:])
	told := 0
	for range 300 {
		b := bytes.Clone(page)
		at, bit := random.IntN(len(b)), random.IntN(8)
		b[at] ^= 1 << bit
		switch n := (checksum{}).turnBack(b[:eventsPage-8], b[eventsPage-8:], binary.LittleEndian); {
		case n == 0:
			t.Fatalf("bit %d of byte %d is not seen", bit, at)
		case n == 1 && !bytes.Equal(b, page):
			t.Fatalf("bit %d of byte %d was flipped, and another one turned back", bit, at)
		case n == 1:
			told++
		}
		b = bytes.Clone(page)
		b[at], b[random.IntN(len(b))] = b[at]+85, byte(random.Uint32())
		if n := (checksum{}).turnBack(b[:eventsPage-8], b[eventsPage-8:], binary.LittleEndian); n == 1 {
			t.Fatal("more than a bit was changed, and one was turned back")
		}
	}
	if told < 150 {
		t.Errorf("%d of 300 flipped bits were turned back", told)
	}
}

// aLog is the write-ahead log of a store that was killed.
func aLog(t testing.TB) []byte {
	dir := t.TempDir()
	s, err := Open(t.Context(), dir, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // only its files are wanted
	for _, id := range []string{"a", "b", "c"} {
		if err := put(s, id); err != nil {
			t.Fatal(err)
		}
	}
	names, err := filepath.Glob(filepath.Join(dir, Folder, "*-wal"))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	b, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func logOf(t testing.TB, b []byte) *wal {
	path := filepath.Join(t.TempDir(), "x.db")
	if err := os.WriteFile(path+"-wal", b, 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := readLog(path)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestReadLog: a log is whole, or it is told what is wrong with it.
func TestReadLog(t *testing.T) {
	b := aLog(t)
	if w := logOf(t, b); w.bad != 0 || w.turned != 0 || len(w.frames) == 0 {
		t.Fatalf("a log that nobody damaged: %d frames, %d bad, %d turned", len(w.frames), w.bad, w.turned)
	}
	for at := 0; at < len(b); at++ {
		if at > walHeader+frameHeader {
			at += 1000
		}
		at = min(at, len(b)-1)
		broken := bytes.Clone(b)
		broken[at] ^= 1 << (at % 8)
		w := logOf(t, broken)
		if w.bad == 0 && !bytes.Equal(w.b, b) || w.bad+w.turned == 0 || w.torn {
			t.Fatalf("bit %d of byte %d: %d bad, %d turned, torn %v", at%8, at, w.bad, w.turned, w.torn)
		}
	}
	torn := bytes.Clone(b)
	copy(torn[len(b)-eventsPage:], bytes.Repeat([]byte("an earlier round"), eventsPage/16))
	if w := logOf(t, torn); !w.torn || w.bad != 1 {
		t.Errorf("a last frame of which only the header was written: %d bad, torn %v", w.bad, w.torn)
	}
}

// FuzzReadLog: no bytes are too strange for it, and what it has turned back is whole.
func FuzzReadLog(f *testing.F) {
	b := aLog(f)[:walHeader+2*(frameHeader+eventsPage)]
	f.Add(b, 0, byte(0))
	f.Add(b[:40], 3, byte(1))
	f.Fuzz(func(t *testing.T, b []byte, at int, by byte) {
		b = bytes.Clone(b)
		if at >= 0 && at < len(b) {
			b[at] ^= by
		}
		w := logOf(t, b)
		if w.bad > 0 || w.missing > 0 {
			return
		}
		if again := logOf(t, w.b); again.bad != 0 || again.turned != 0 || len(again.frames) != len(w.frames) {
			t.Errorf("%d bits were turned back, and %d frames are bad and %d bits turned after it", w.turned, again.bad, again.turned)
		}
	})
}
