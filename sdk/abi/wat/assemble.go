package wat

import (
	"fmt"
	"slices"
)

// signature is a function's type.
type signature struct{ params, results []byte }

func (s signature) bytes() []byte {
	b := append([]byte{0x60}, unsigned(nil, uint64(len(s.params)))...)
	b = unsigned(append(b, s.params...), uint64(len(s.results)))
	return append(b, s.results...)
}

// module collects the sections of the module being assembled.
type module struct {
	types                          [][]byte
	functions, globals             map[string]uint32
	imported, defined, globalCount uint32
	sections                       map[byte]*section
	bodies                         []body
	exportsOf                      map[string]bool
	start                          *node
	err                            error
}

type section struct {
	count uint32
	b     []byte
}

// body is a function that is encoded when all names are known.
type body struct {
	node   node
	locals map[string]uint32
	groups []byte
	rest   []node
}

// Section ids in their order.
const (
	secType, secImport, secFunction, secMemory, secGlobal = 1, 2, 3, 5, 6
	secExport, secStart, secCode, secData                 = 7, 8, 10, 11
)

// Assemble makes a module of its text.
func Assemble(src string) ([]byte, error) {
	nodes, err := parse(src)
	if err != nil {
		return nil, err
	}
	if len(nodes) != 1 || !nodes[0].head("module") {
		return nil, fmt.Errorf("wat: the text is not one (module …)")
	}
	m := &module{functions: map[string]uint32{}, globals: map[string]uint32{}, sections: map[byte]*section{}, exportsOf: map[string]bool{}}
	for _, n := range nodes[0].list[1:] {
		m.field(n)
	}
	for _, f := range m.bodies {
		m.code(f)
	}
	if m.start != nil {
		m.add(secStart, unsigned(nil, uint64(m.index(m.functions, *m.start, "function"))))
	}
	if m.err != nil {
		return nil, m.err
	}
	return m.join(), nil
}

func (m *module) fail(n node, format string, args ...any) {
	if m.err == nil {
		m.err = fmt.Errorf("wat: line %d: "+format, append([]any{n.line}, args...)...)
	}
}

func (m *module) add(id byte, b []byte) {
	if m.sections[id] == nil {
		m.sections[id] = &section{}
	}
	m.sections[id].count++
	m.sections[id].b = append(m.sections[id].b, b...)
}

func (m *module) join() []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	for _, id := range []byte{secType, secImport, secFunction, secMemory, secGlobal, secExport, secStart, secCode, secData} {
		s := m.sections[id]
		if s == nil {
			continue
		}
		content := s.b
		if id != secStart {
			content = append(unsigned(nil, uint64(s.count)), s.b...)
		}
		out = append(unsigned(append(out, id), uint64(len(content))), content...)
	}
	return out
}

func (m *module) field(n node) {
	switch {
	case n.head("import"):
		m.imports(n)
	case n.head("func"):
		m.function(n)
	case n.head("memory"):
		m.memory(n)
	case n.head("global"):
		m.global(n)
	case n.head("data"):
		m.data(n)
	case n.head("start") && len(n.list) == 2:
		m.start = &n.list[1]
	default:
		m.fail(n, "a module holds import, func, memory, global, data and start")
	}
}

// cursor goes over a list's elements.
type cursor struct{ rest []node }

func (c *cursor) take(kind byte) (node, bool) {
	if len(c.rest) == 0 || c.rest[0].kind != kind {
		return node{}, false
	}
	n := c.rest[0]
	c.rest = c.rest[1:]
	return n, true
}

// name takes a $name if one stands there.
func (c *cursor) name() string {
	if len(c.rest) > 0 && c.rest[0].kind == 'a' && c.rest[0].text[0] == '$' {
		n, _ := c.take('a')
		return n.text
	}
	return ""
}

func (m *module) define(names map[string]uint32, n node, name string, index uint32) {
	if name == "" {
		return
	}
	if _, twice := names[name]; twice {
		m.fail(n, "%s is there twice", name)
	}
	names[name] = index
}

// imports takes (import "module" "name" (func $f …)).
func (m *module) imports(n node) {
	c := &cursor{n.list[1:]}
	from, ok1 := c.take('"')
	name, ok2 := c.take('"')
	f, ok3 := c.take('(')
	if !ok1 || !ok2 || !ok3 || !f.head("func") || m.defined > 0 {
		m.fail(n, "an import is (import \"module\" \"name\" (func $f …)), before every func")
		return
	}
	inner := &cursor{f.list[1:]}
	m.define(m.functions, n, inner.name(), m.imported)
	b := text(text(nil, from.text), name.text)
	m.add(secImport, unsigned(append(b, 0), uint64(m.typeOf(m.signature(inner, nil)))))
	m.imported++
}

// signature takes (param …)… (result …)… and notes the parameters' names.
func (m *module) signature(c *cursor, locals map[string]uint32) signature {
	var s signature
	for len(c.rest) > 0 && (c.rest[0].head("param") || c.rest[0].head("result")) {
		n, _ := c.take('(')
		if n.head("param") {
			s.params = m.typed(n, locals, s.params)
		} else {
			s.results = m.typed(n, nil, s.results)
		}
	}
	return s
}

// typed takes (param $name i32) or (param i32 i64) after the types that are there already.
func (m *module) typed(n node, locals map[string]uint32, types []byte) []byte {
	c := &cursor{n.list[1:]}
	if name := c.name(); name != "" && locals != nil {
		m.define(locals, n, name, uint32(len(types)))
	}
	for _, t := range c.rest {
		types = append(types, m.valueType(t))
	}
	return types
}

var valueTypes = map[string]byte{"i32": 0x7f, "i64": 0x7e, "f32": 0x7d, "f64": 0x7c}

func (m *module) valueType(n node) byte {
	t, ok := valueTypes[n.text]
	if !ok || n.kind != 'a' {
		m.fail(n, "%q is none of i32 i64 f32 f64", n.text)
	}
	return t
}

func (m *module) typeOf(s signature) uint32 {
	b := s.bytes()
	for i, t := range m.types {
		if slices.Equal(t, b) {
			return uint32(i)
		}
	}
	m.types = append(m.types, b)
	m.add(secType, b)
	return uint32(len(m.types) - 1)
}

func (m *module) export(n node, name string, kind byte, index uint32) {
	if m.exportsOf[name] {
		m.fail(n, "%q is exported twice", name)
	}
	m.exportsOf[name] = true
	m.add(secExport, unsigned(append(text(nil, name), kind), uint64(index)))
}

// exports takes (export "name")…
func (m *module) exports(c *cursor, kind byte, index uint32) {
	for len(c.rest) > 0 && c.rest[0].head("export") {
		n, _ := c.take('(')
		if len(n.list) != 2 || n.list[1].kind != '"' {
			m.fail(n, "an export is (export \"name\")")
			return
		}
		m.export(n, n.list[1].text, kind, index)
	}
}

func (m *module) function(n node) {
	c := &cursor{n.list[1:]}
	index := m.imported + m.defined
	m.defined++
	m.define(m.functions, n, c.name(), index)
	m.exports(c, 0, index)
	f := body{node: n, locals: map[string]uint32{}}
	s := m.signature(c, f.locals)
	m.add(secFunction, unsigned(nil, uint64(m.typeOf(s))))
	all := slices.Clone(s.params)
	for len(c.rest) > 0 && c.rest[0].head("local") {
		local, _ := c.take('(')
		all = m.typed(local, f.locals, all)
	}
	own := all[len(s.params):]
	f.groups = unsigned(nil, uint64(len(own)))
	for _, t := range own {
		f.groups = append(f.groups, 1, t)
	}
	f.rest = c.rest
	m.bodies = append(m.bodies, f)
}

// memory takes (memory (export "memory") min max?).
func (m *module) memory(n node) {
	c := &cursor{n.list[1:]}
	c.name()
	m.exports(c, 2, 0)
	if m.sections[secMemory] != nil || len(c.rest) < 1 || len(c.rest) > 2 {
		m.fail(n, "a module has one (memory min max)")
		return
	}
	b := []byte{byte(len(c.rest) - 1)}
	for _, size := range c.rest {
		b = unsigned(b, uint64(uint32(m.integer(size, 32))))
	}
	m.add(secMemory, b)
}

// global takes (global $g (export "x") (mut i32) i32.const 0), the constant with or without
// parentheses.
func (m *module) global(n node) {
	c := &cursor{n.list[1:]}
	m.define(m.globals, n, c.name(), m.globalCount)
	m.exports(c, 3, m.globalCount)
	m.globalCount++
	var b []byte
	if len(c.rest) > 0 && c.rest[0].head("mut") && len(c.rest[0].list) == 2 {
		b = []byte{m.valueType(c.rest[0].list[1]), 1}
		c.rest = c.rest[1:]
	} else if t, ok := c.take('a'); ok {
		b = []byte{m.valueType(t), 0}
	}
	m.add(secGlobal, append(b, m.constant(n, c.rest)...))
}

// constant is a constant expression.
func (m *module) constant(n node, rest []node) []byte {
	if len(rest) == 1 && rest[0].kind == '(' {
		rest = rest[0].list
	}
	if len(rest) != 2 || rest[0].kind != 'a' || !slices.Contains([]string{"i32.const", "i64.const", "f64.const"}, rest[0].text) {
		m.fail(n, "a constant is (i32.const n), (i64.const n) or (f64.const n)")
		return nil
	}
	w := &writer{m: m, rest: rest}
	w.instruction()
	return append(w.out, 0x0b)
}

// data takes (data (i32.const address) "…"…).
func (m *module) data(n node) {
	c := &cursor{n.list[1:]}
	at, ok := c.take('(')
	if !ok {
		m.fail(n, "data stands at a constant address: (data (i32.const 8) \"…\")")
		return
	}
	b := append([]byte{0}, m.constant(n, []node{at})...)
	content := ""
	for _, s := range c.rest {
		if s.kind != '"' {
			m.fail(s, "data is strings")
		}
		content += s.text
	}
	m.add(secData, text(b, content))
}
