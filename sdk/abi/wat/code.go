package wat

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"
)

// plain are the instructions without anything after their opcode.
var plain = withIntegers(map[string]byte{
	"unreachable": 0x00, "nop": 0x01, "return": 0x0f, "drop": 0x1a, "select": 0x1b,
	"f64.add": 0xa0, "f64.sub": 0xa1, "f64.mul": 0xa2, "f64.div": 0xa3,
	"f64.eq": 0x61, "f64.ne": 0x62, "f64.lt": 0x63, "f64.gt": 0x64, "f64.le": 0x65, "f64.ge": 0x66,
	"i32.wrap_i64": 0xa7, "i32.trunc_f64_s": 0xaa, "i32.trunc_f64_u": 0xab, "i64.extend_i32_s": 0xac, "i64.extend_i32_u": 0xad,
	"i64.trunc_f64_s": 0xb0, "f64.convert_i32_s": 0xb7, "f64.convert_i32_u": 0xb8, "f64.convert_i64_s": 0xb9, "f64.convert_i64_u": 0xba,
})

// withIndex take an index or a name.
var withIndex = map[string]byte{"br": 0x0c, "br_if": 0x0d, "call": 0x10, "local.get": 0x20, "local.set": 0x21, "local.tee": 0x22,
	"global.get": 0x23, "global.set": 0x24}

// access are loads and stores.
var access = map[string]byte{"i32.load": 0x28, "i64.load": 0x29, "f64.load": 0x2b, "i32.load8_s": 0x2c, "i32.load8_u": 0x2d,
	"i32.load16_s": 0x2e, "i32.load16_u": 0x2f, "i32.store": 0x36, "i64.store": 0x37, "f64.store": 0x39, "i32.store8": 0x3a, "i32.store16": 0x3b}

var blocks = map[string]byte{"block": 0x02, "loop": 0x03, "if": 0x04}

// onMemory are the instructions that name the memory.
var onMemory = map[string][]byte{"memory.size": {0x3f, 0}, "memory.grow": {0x40, 0}, "memory.copy": {0xfc, 10, 0, 0}, "memory.fill": {0xfc, 11, 0}}

// withIntegers adds the two rows of integer instructions, which have the same names twice.
func withIntegers(plain map[string]byte) map[string]byte {
	tests := strings.Fields("eqz eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u")
	arithmetic := strings.Fields("clz ctz popcnt add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr")
	for i, name := range tests {
		plain["i32."+name], plain["i64."+name] = byte(0x45+i), byte(0x50+i)
	}
	for i, name := range arithmetic {
		plain["i32."+name], plain["i64."+name] = byte(0x67+i), byte(0x79+i)
	}
	return plain
}

// writer encodes the instructions of one function.
type writer struct {
	m      *module
	f      body
	rest   []node
	out    []byte
	labels []string // innermost last
}

func (m *module) code(f body) {
	w := &writer{m: m, f: f, rest: f.rest, out: slices.Clone(f.groups)}
	for len(w.rest) > 0 && m.err == nil {
		w.instruction()
	}
	if len(w.labels) > 0 {
		m.fail(f.node, "a block is not closed; write end")
	}
	w.out = append(w.out, 0x0b)
	m.add(secCode, append(unsigned(nil, uint64(len(w.out))), w.out...))
}

func (w *writer) next() node {
	if len(w.rest) == 0 {
		w.m.fail(w.f.node, "the last instruction misses what follows it")
		return node{kind: 'a', text: "?"}
	}
	n := w.rest[0]
	w.rest = w.rest[1:]
	return n
}

func (w *writer) instruction() {
	n := w.next()
	if n.kind != 'a' {
		w.m.fail(n, "instructions stand one after the other, not in parentheses")
		return
	}
	if op, ok := plain[n.text]; ok {
		w.out = append(w.out, op)
		return
	}
	if op, ok := withIndex[n.text]; ok {
		w.out = unsigned(append(w.out, op), uint64(w.index(n.text)))
		return
	}
	if op, ok := access[n.text]; ok {
		w.out = unsigned(append(w.out, op, 0), w.offset())
		return
	}
	if b, ok := onMemory[n.text]; ok {
		w.out = append(w.out, b...)
		return
	}
	w.structure(n)
}

// structure encodes blocks and constants.
func (w *writer) structure(n node) {
	if op, ok := blocks[n.text]; ok {
		c := &cursor{w.rest}
		w.labels = append(w.labels, c.name())
		kind := byte(0x40)
		if s := w.m.signature(c, nil); len(s.results) == 1 && len(s.params) == 0 {
			kind = s.results[0]
		} else if len(s.results)+len(s.params) > 0 {
			w.m.fail(n, "a block has one result at most, and no parameters")
		}
		w.rest = c.rest
		w.out = append(w.out, op, kind)
		return
	}
	switch n.text {
	case "else":
		w.out = append(w.out, 0x05)
	case "end":
		if len(w.labels) == 0 {
			w.m.fail(n, "end closes no block")
			return
		}
		w.labels = w.labels[:len(w.labels)-1]
		w.out = append(w.out, 0x0b)
	case "i32.const":
		w.out = signed(append(w.out, 0x41), int64(int32(w.m.integer(w.next(), 32))))
	case "i64.const":
		w.out = signed(append(w.out, 0x42), w.m.integer(w.next(), 64))
	case "f64.const":
		f, err := strconv.ParseFloat(w.next().text, 64)
		if err != nil {
			w.m.fail(n, "f64.const is followed by a number")
		}
		w.out = binary.LittleEndian.AppendUint64(append(w.out, 0x44), math.Float64bits(f))
	default:
		w.m.fail(n, "%q is no instruction that this assembler knows", n.text)
	}
}

func (w *writer) index(op string) uint32 {
	n := w.next()
	switch op {
	case "br", "br_if":
		for depth := range w.labels {
			if w.labels[len(w.labels)-1-depth] == n.text && n.text != "" {
				return uint32(depth)
			}
		}
		return w.m.index(nil, n, "label")
	case "call":
		return w.m.index(w.m.functions, n, "function")
	case "global.get", "global.set":
		return w.m.index(w.m.globals, n, "global")
	}
	return w.m.index(w.f.locals, n, "local")
}

// index is what a name stands for, or the number itself.
func (m *module) index(names map[string]uint32, n node, what string) uint32 {
	if i, ok := names[n.text]; ok && n.kind == 'a' {
		return i
	}
	i, err := strconv.ParseUint(n.text, 10, 31)
	if err != nil || n.kind != 'a' {
		m.fail(n, "there is no %s %q", what, n.text)
	}
	return uint32(i)
}

// offset takes offset=n, and leaves align=n out: it is a hint.
func (w *writer) offset() (offset uint64) {
	for len(w.rest) > 0 && w.rest[0].kind == 'a' {
		if digits, ok := strings.CutPrefix(w.rest[0].text, "offset="); ok {
			n := w.next()
			n.text = digits
			offset = uint64(uint32(w.m.integer(n, 32)))
			continue
		}
		if !strings.HasPrefix(w.rest[0].text, "align=") {
			break
		}
		w.next()
	}
	return offset
}

// integer reads a number of so many bits, signed or not.
func (m *module) integer(n node, bits int) int64 {
	digits := strings.ReplaceAll(n.text, "_", "")
	if v, err := strconv.ParseInt(digits, 0, bits); err == nil && n.kind == 'a' {
		return v
	}
	v, err := strconv.ParseUint(digits, 0, bits)
	if err != nil || n.kind != 'a' {
		m.fail(n, "%q is no whole number of %d bits", n.text, bits)
	}
	return int64(v)
}

func unsigned(b []byte, v uint64) []byte { return binary.AppendUvarint(b, v) }

func signed(b []byte, v int64) []byte {
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

func text(b []byte, s string) []byte { return append(unsigned(b, uint64(len(s))), s...) }
