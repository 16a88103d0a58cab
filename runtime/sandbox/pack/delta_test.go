package pack

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

// TestDelta tells code by code that has other bytes in between, as another plugin of the
// same language: little is left of it.
func TestDelta(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	random := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	shared := random(200 << 10)
	base := append(random(16<<5), shared...)
	code := bytes.Clone(shared[:100<<10])
	code = append(append(code, random(16<<7)...), shared[100<<10:]...)
	for i := 40; i < len(code); i += 60 { // the places of other functions
		code[i] ^= byte(i)
	}
	delta := appendDelta(nil, base, code)
	if zero := bytes.Count(delta, []byte{0}); zero < len(code)*9/10 {
		t.Errorf("%d of %d bytes of the delta are zero", zero, len(delta))
	}
	got, err := readDelta(delta, base, int64(len(code)))
	if err != nil || !bytes.Equal(got, code) {
		t.Errorf("the delta tells other code: %v", err)
	}
}

func readDelta(delta, base []byte, size int64) ([]byte, error) {
	r, err := undo(bytes.NewReader(delta), bytes.NewReader(base), int64(len(base)), size)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(iotest.HalfReader(r))
}

// FuzzDelta holds that a delta tells the code that it was made of.
func FuzzDelta(f *testing.F) {
	f.Add([]byte(""), []byte("code"))
	f.Add(bytes.Repeat([]byte("base code, "), 40), bytes.Repeat([]byte("base code; "), 30))
	f.Add(bytes.Repeat([]byte("0123456789abcdef"), 30), bytes.Repeat([]byte("0123456789abcdef"), 31))
	f.Fuzz(func(t *testing.T, base, code []byte) {
		got, err := readDelta(appendDelta(nil, base, code), base, int64(len(code)))
		if err != nil || !bytes.Equal(got, code) {
			t.Errorf("%v: %q, want %q", err, got, code)
		}
	})
}

// FuzzUndo reads deltas that nobody made: an error, or code of the size that was asked for.
func FuzzUndo(f *testing.F) {
	f.Add(appendDelta(nil, []byte("the base's code"), []byte("the code")), []byte("the base's code"), int64(8))
	f.Add([]byte{1, 8, 255, 255, 255, 255, 255, 255, 255, 255, 127}, []byte("base"), int64(8))
	f.Fuzz(func(t *testing.T, delta, base []byte, size int64) {
		got, err := readDelta(delta, base, size)
		if err == nil && int64(len(got)) != size {
			t.Errorf("%d bytes, want %d", len(got), size)
		}
	})
}

// TestThin packs without the module, and with code that is told by another pack's.
func TestThin(t *testing.T) {
	thin := func(text []byte, base []byte) *Contents {
		c := sample()
		c.Module = nil
		c.Codes = []Code{{Platform: "linux-amd64", Key: [32]byte{1}, Text: text, Base: base, BaseName: "sqs"}}
		return c
	}
	code := fakeCode(5000)
	base, _ := write(t, thin(fakeCode(9000), nil))
	told, _ := write(t, thin(code, fakeCode(9000)))
	open := func(b []byte) *Pack {
		t.Helper()
		p, err := Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := open(told)
	if _, err := p.Module(); !errors.Is(err, ErrNoModule) {
		t.Errorf("Module: %v", err)
	}
	if _, err := p.Code("linux-amd64"); err == nil || !strings.Contains(err.Error(), "told by that of sqs.pack") {
		t.Errorf("without its base: %v", err)
	}
	p.Beside(func(name string) (*Pack, error) {
		if name != "sqs" {
			return nil, fmt.Errorf("there is no %s", name)
		}
		return open(base), nil
	})
	r, err := p.Code("linux-amd64")
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, code) || r.Verify() != nil {
		t.Errorf("its code has the digest %x, %v, %v", sha256.Sum256(got), err, r.Verify())
	}
	if size := p.Platforms()["linux-amd64"]; size != int64(len(code)) {
		t.Errorf("its code has %d bytes, want %d", size, len(code))
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}

	p = open(told) // another base: what comes out is not the code
	p.Beside(func(string) (*Pack, error) {
		b, _ := write(t, thin(fakeCode(9001), nil))
		return open(b), nil
	})
	if r, err = p.Code("linux-amd64"); err == nil {
		_, err = io.Copy(io.Discard, r)
		err = errors.Join(err, r.Verify())
	}
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("with another base: %v", err)
	}
}
