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
	"github.com/tocsin-engine/tocsin/sdk/abi/wat"
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
		"extism":           extismWAT(t, `(func (export "_initialize") i32.const 1 call $run) (func (export "deliver") (result i32) i64.const 99 call $alloc drop i32.const 0)`),
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

// TestLoadPackRefuses: a pack is refused when its digest is not the one that was named or
// its bytes are not those that were written; code that does not fit is compiled again.
func TestLoadPackRefuses(t *testing.T) {
	c := contents(t, fine().module())
	p, b := written(t, c)
	host := sandboxtest.Host(t)
	load := func(p *pack.Pack, trusted string) (string, error) {
		t.Helper()
		m, err := host.LoadPack(t.Context(), p, "lean", trusted)
		if err != nil {
			return "", err
		}
		defer m.Close(t.Context())
		target, err := m.NewTarget(t.Context(), sandbox.TargetConfig{Name: "t", Host: &recorder{}})
		if err != nil {
			t.Fatal(err)
		}
		defer target.Close()
		if _, _, err := target.Call(t.Context(), batch("x")); err != nil {
			t.Fatal(err)
		}
		return m.Info().Code, nil
	}
	damage := func(of []byte) *pack.Pack {
		t.Helper()
		at := bytes.Index(b, of)
		if at < 0 {
			t.Fatal("the pack has no such bytes")
		}
		damaged := bytes.Clone(b)
		damaged[at+len(of)/2] ^= 1
		p, err := pack.Open(bytes.NewReader(damaged), int64(len(damaged)))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	other := func(change func(c *pack.Contents)) *pack.Pack {
		t.Helper()
		copied := *c
		copied.Codes = []pack.Code{c.Codes[0]}
		copied.Codes[0].Text = bytes.Clone(c.Codes[0].Text)
		change(&copied)
		p, _ := written(t, &copied)
		return p
	}
	for _, tc := range []struct {
		name          string
		pack          *pack.Pack
		trusted       string
		code, problem string
	}{
		{"as written", p, p.Digest(), "packed", ""},
		{"not named", p, "", "compiled: the pack's code is only used where its digest is named", ""},
		{"another digest", p, strings.Repeat("0", 64), "", "the pack's digest is " + p.Digest()},
		{"damaged code", damage(c.Codes[0].Text), p.Digest(), "", "the pack is damaged"},
		{"damaged skeleton", damage(c.Skeleton), p.Digest(), "", "the pack is damaged"},
		{"other features", other(func(c *pack.Contents) { c.Codes[0].Key[0]++ }), "own", "compiled: it was compiled for a processor with other features", ""},
		{"another compiler", other(func(c *pack.Contents) { c.Codes[0].Text[7]++ }), "own", "compiled: it was compiled by another version of the compiler", ""},
		{"another platform", other(func(c *pack.Contents) { c.Codes[0].Platform = "linux-mips" }), "own", "compiled: the pack has no code for " + pack.Here(), ""},
		{"no code", other(func(c *pack.Contents) { c.Codes = nil }), "own", "compiled: the pack has no code for " + pack.Here(), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.trusted == "own" {
				tc.trusted = tc.pack.Digest()
			}
			code, err := load(tc.pack, tc.trusted)
			if tc.problem == "" && (err != nil || !strings.HasPrefix(code, tc.code)) {
				t.Errorf("code %q, error %v, want %q", code, err, tc.code)
			}
			if tc.problem != "" && (err == nil || !strings.Contains(err.Error(), tc.problem)) {
				t.Errorf("code %q, error %v, want an error with %q", code, err, tc.problem)
			}
		})
	}
}

// TestPackRefuses: what a pack's memory would not be the same of, it cannot hold.
func TestPackRefuses(t *testing.T) {
	for _, tc := range []struct{ name, start, want string }{
		{"a call", "i32.const 2 i32.const 16 i32.const 2 call $log", "its start calls tocsin.log, so what it leaves is not the same every time"},
		{"a trap", "unreachable", "unreachable"},
		{"too much memory", "i32.const 600 memory.grow drop", "its start needs more than 32 MiB of memory"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			wasm, err := wat.Assemble(`(module (import "tocsin" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 1)
  (func (export "abi_v1"))
  (func (export "alloc") (param i32) (result i32) i32.const 1024)
  (func (export "handle") (param i32 i32) (result i64) i64.const 0)
  (func (export "_initialize") ` + tc.start + `))`)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := sandboxtest.Host(t).Pack(t.Context(), wasm, nil, abi.Limits{}); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}
