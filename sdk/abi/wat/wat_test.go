package wat

import (
	"bytes"
	"strings"
	"testing"
)

func TestAssemble(t *testing.T) {
	const text = `(module ;; a comment
  (import "m" "f" (func $f (param i32) (result i32)))
  (memory (export "memory") 1 2)
  (global $g (mut i64) (i64.const -1))
  (start $main)
  (func $main (export "main") (local $x i32)
    block $out (result i32)
      i32.const 0x80
      (; another ;)
      call $f
      br $out
    end
    local.set $x
    local.get $x
    i32.load offset=4 align=4
    drop)
  (data (i32.const 8) "a\00\"" "b"))`
	want := "\x00asm\x01\x00\x00\x00" +
		"\x01\x09\x02\x60\x01\x7f\x01\x7f\x60\x00\x00" + // types
		"\x02\x07\x01\x01m\x01f\x00\x00" + // import
		"\x03\x02\x01\x01" + // functions
		"\x05\x04\x01\x01\x01\x02" + // memory
		"\x06\x06\x01\x7e\x01\x42\x7f\x0b" + // global
		"\x07\x11\x02\x06memory\x02\x00\x04main\x00\x01" + // exports
		"\x08\x01\x01" + // start
		"\x0a\x18\x01\x16\x01\x01\x7f\x02\x7f\x41\x80\x01\x10\x00\x0c\x00\x0b\x21\x00\x20\x00\x28\x00\x04\x1a\x0b" + // code
		"\x0b\x0a\x01\x00\x41\x08\x0b\x04a\x00\"b" // data
	got, err := Assemble(text)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("module\n%x, want\n%x", got, want)
	}
}

func TestAssembleFinds(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"no module", `(func)`, "not one (module …)"},
		{"an open parenthesis", "(module\n(func", "line 2: a parenthesis is not closed"},
		{"an open string", `(module (data (i32.const 0) "a`, "a string is not closed"},
		{"an unknown field", `(module (table 1 funcref))`, "a module holds import, func"},
		{"an unknown instruction", "(module (func\nf32x4.add))", `line 2: "f32x4.add" is no instruction`},
		{"folded instructions", `(module (func (drop (i32.const 1))))`, "not in parentheses"},
		{"an unknown function", `(module (func call $f))`, `there is no function "$f"`},
		{"an unknown local", `(module (func local.get $x drop))`, `there is no local "$x"`},
		{"a name that is there twice", `(module (func $f) (func $f))`, "$f is there twice"},
		{"an import after a function", `(module (func) (import "a" "b" (func)))`, "before every func"},
		{"an open block", `(module (func block))`, "a block is not closed"},
		{"a number that is too large", `(module (func i32.const 0x100000000 drop))`, "no whole number of 32 bits"},
		{"no number", `(module (func i32.const))`, "misses what follows"},
		{"an escape", `(module (data (i32.const 0) "\q1"))`, "two hexadecimal digits"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := Assemble(tc.text); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

// FuzzAssemble: what a person adds for the eye, space and comments between words, changes
// nothing.
func FuzzAssemble(f *testing.F) {
	for _, seed := range []string{`(module)`, `(module (func $f (export "f") (param $p i32) (result i64) i64.const -5))`,
		`(module (memory 1) (data (i32.const 8) "a\41(;"))`, `(module (func loop $l i32.const 1 br_if $l end))`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		module, err := Assemble(text)
		if err != nil || strings.ContainsAny(text, `";`) {
			return
		}
		airy := strings.NewReplacer("(", " (; a ;) ( ", ")", " ) ;; b\n").Replace(text)
		again, err := Assemble(airy)
		if err != nil || !bytes.Equal(module, again) {
			t.Errorf("%q is %x, %q is %x, %v", text, module, airy, again, err)
		}
	})
}
