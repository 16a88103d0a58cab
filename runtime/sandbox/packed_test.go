package sandbox_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/manifest"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/pack"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// contents packs a module.
func contents(t testing.TB, wasm []byte) *pack.Contents {
	t.Helper()
	text := fmt.Sprintf("name: packed\nabi: v1\nmodule: {path: packed.wasm, sha256: %s}\n", manifest.Digest(wasm))
	c, err := sandboxtest.Host(t).Pack(t.Context(), wasm, []byte(text), abi.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// written is an open pack of contents, and its bytes.
func written(t testing.TB, c *pack.Contents) (*pack.Pack, []byte) {
	t.Helper()
	var b bytes.Buffer
	digest, err := c.Write(&b)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pack.Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if p.Digest() != digest {
		t.Errorf("the pack's digest is %s, %s when it was written", p.Digest(), digest)
	}
	return p, b.Bytes()
}

// TestPackedIsTheSame: a packed plugin is ready without compiling, and every byte of its
// memory is what it is without the pack: after init, and after a delivery.
func TestPackedIsTheSame(t *testing.T) {
	for name, wasm := range map[string][]byte{
		"go":               sandboxtest.Guest(t, "testdata/guests/hostile"),
		"lean":             fine().module(),
		"a start function": lean{handle: answer(16, 2), data: "{}", start: true}.module(),
		"fresh instances":  lean{data: "{}", handle: append([]byte{0x41, 0, 0xd2, 2, 0x26, 0}, answer(16, 2)...)}.module(),
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := written(t, contents(t, wasm))
			h := sandboxtest.Host(t)
			packed, err := h.LoadPack(t.Context(), p, "packed", p.Digest())
			if err != nil {
				t.Fatal(err)
			}
			plain, err := h.Compile(t.Context(), wasm, "packed")
			if err != nil {
				t.Fatal(err)
			}
			if got := packed.Info(); got.Code != "packed" || got.SHA256 != plain.Info().SHA256 || got.Size != plain.Info().Size || got.Isolation != plain.Info().Isolation {
				t.Errorf("packed: %+v\nplain: %+v", got, plain.Info())
			}
			var hashes []string
			for _, m := range []*sandbox.Module{plain, packed} {
				target, err := m.NewTarget(t.Context(), sandbox.TargetConfig{Name: "t", Host: &recorder{}, Config: []byte(`{"greet":"hello"}`)})
				if err != nil {
					t.Fatal(err)
				}
				for range 3 {
					hash := "fresh"
					if strings.HasPrefix(plain.Info().Isolation, "restored") {
						hash, err = sandbox.CallAndHash(target, batch("nothing"))
					} else {
						_, _, err = target.Call(t.Context(), batch("nothing"))
					}
					if err != nil {
						t.Fatal(err)
					}
					hashes = append(hashes, hash)
				}
				if err := target.Close(); err != nil {
					t.Error(err)
				}
			}
			for _, hash := range hashes {
				if hash != hashes[0] {
					t.Fatalf("memory after calls differs: %q", hashes)
				}
			}
		})
	}
}
