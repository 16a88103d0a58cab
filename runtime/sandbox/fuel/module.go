package fuel

import (
	"bytes"
	"fmt"
	"strconv"
)

// The names that a rewritten module adds.
const (
	// ImportModule and ImportRefill are the host function (left i64) -> i64: it gets the
	// fuel left, below zero, and returns what the global is to hold.
	ImportModule = "tocsin.fuel"
	ImportRefill = "refill"
	// Global is the exported global that holds the fuel left.
	Global = "tocsin:fuel"
	// Start is the module's start function as an export; there only if there was one.
	Start = "tocsin:start"
)

// GlobalName is the export of the i-th mutable global.
func GlobalName(i int) string { return "tocsin:global:" + strconv.Itoa(i) }

// Module is a rewritten module.
type Module struct {
	Wasm []byte
	// Globals counts the mutable globals, exported as GlobalName(0) and so on.
	Globals int
	// HasStart says that the module had a start function, now exported as Start.
	HasStart bool
	// Impure says why memory and globals are not all the state of an instance; "" when
	// they are, and restoring them makes it pristine.
	Impure string
}

// Section ids.
const (
	secCustom, secType, secImport, secFunction, secTable, secMemory, secGlobal = 0, 1, 2, 3, 4, 5, 6
	secExport, secStart, secElement, secCode, secData, secDataCount            = 7, 8, 9, 10, 11, 12
)

var header = []byte("\x00asm\x01\x00\x00\x00")

// module is the module being rewritten.
type module struct {
	out      Module
	sections map[byte][]byte
	names    []byte // the name section's body

	params     []uint32 // of each type
	functions  []uint32 // type of each defined function
	imported   uint32   // imported functions
	globals    uint32   // all of them: the index of the fuel global
	refill     uint32   // function index of the refill import
	refillType uint32
	mutable    []uint32 // mutable globals
	imports    []string // functions
	start      uint32
}

// Rewrite returns the module with checks. It does not validate: that is for the runtime
// that compiles the result; but what the original may not reach, its code cannot reach in
// the result either.
func Rewrite(wasm []byte) (Module, error) {
	m := &module{sections: map[byte][]byte{}}
	if err := m.split(wasm); err != nil {
		return Module{}, err
	}
	for _, read := range []func() error{m.readTypes, m.readImports, m.readFunctions, m.readGlobals, m.readStart} {
		if err := read(); err != nil {
			return Module{}, err
		}
	}
	for _, write := range []func() error{m.writeExports, m.writeElements, m.writeGlobals, m.writeCode} {
		if err := write(); err != nil {
			return Module{}, err
		}
	}
	m.writeTypes()
	m.writeImports()
	m.join()
	return m.out, nil
}

// split cuts the module into its sections.
func (m *module) split(wasm []byte) error {
	rest, ok := bytes.CutPrefix(wasm, header)
	if !ok {
		return fmt.Errorf("fuel: this is no WebAssembly module of version 1")
	}
	r := &reader{b: rest}
	for !r.done() {
		id := r.byte()
		body := r.bytes(uint64(r.u32()))
		if id == secCustom {
			c := &reader{b: body}
			if c.name() == "name" && c.err == nil {
				m.names = body[c.i:]
			}
			continue
		}
		if _, twice := m.sections[id]; twice || id > secDataCount {
			r.fail("section %d is not one of WebAssembly 2.0, or stands twice", id)
		}
		m.sections[id] = body
	}
	return r.err
}

// shift is a function's index after the refill import came in.
func (m *module) shift(index uint32) uint32 {
	if index >= m.imported {
		return index + 1
	}
	return index
}

func (m *module) section(id byte) *reader { return &reader{b: m.sections[id]} }

func (m *module) readTypes() error {
	r := m.section(secType)
	if m.sections[secType] != nil {
		for range r.count() {
			if r.byte() != 0x60 {
				r.fail("a type is not one of WebAssembly 2.0")
			}
			n := r.count()
			m.params = append(m.params, uint32(n))
			r.bytes(uint64(n))
			r.bytes(uint64(r.count()))
		}
	}
	m.refillType = uint32(len(m.params))
	return r.err
}

func (m *module) readImports() error {
	r := m.section(secImport)
	if m.sections[secImport] != nil {
		for range r.count() {
			module, name := r.name(), r.name()
			if module == ImportModule {
				r.fail("a module may not import %s itself", ImportModule)
			}
			switch kind := r.byte(); kind {
			case 0:
				if t := r.u32(); t >= uint32(len(m.params)) {
					r.fail("there is no type %d", t)
				}
				m.imports = append(m.imports, module+"."+name)
				m.imported++
			case 1:
				r.byte()
				r.limits()
				m.impure("it imports a table")
			case 2:
				r.limits()
				m.impure("it imports a memory")
			case 3:
				r.byte()
				if r.byte() == 1 {
					m.impure("it imports a mutable global")
				}
				m.globals++
			default:
				r.fail("an import of kind %d is not one of WebAssembly 2.0", kind)
			}
		}
	}
	m.refill = m.imported
	return r.err
}

func (r *reader) limits() {
	flags := r.byte()
	r.u32()
	if flags&1 != 0 {
		r.u32()
	}
	if flags > 1 {
		r.fail("shared and 64-bit memories are not for plugins")
	}
}

func (m *module) readFunctions() error {
	r := m.section(secFunction)
	if m.sections[secFunction] != nil {
		for range r.count() {
			t := r.u32()
			if t >= uint32(len(m.params)) {
				r.fail("there is no type %d", t)
			}
			m.functions = append(m.functions, t)
		}
	}
	return r.err
}

func (m *module) readGlobals() error {
	r := m.section(secGlobal)
	if m.sections[secGlobal] != nil {
		for range r.count() {
			kind, mutable := r.byte(), r.byte()
			if mutable == 1 {
				m.mutable = append(m.mutable, m.globals)
				if kind < 0x7c || kind > 0x7f {
					m.impure("it has a mutable global that is no number")
				}
			}
			m.globals++
			r.constant(m)
		}
	}
	m.out.Globals = len(m.mutable)
	return r.err
}

// constant passes over a constant expression and returns it with functions shifted.
func (r *reader) constant(m *module) []byte {
	var out []byte
	from := r.i
	for r.err == nil {
		in := r.next()
		switch in.op {
		case opRefFunc:
			out = append(out, r.b[from:in.from]...)
			out = appendU32(append(out, in.op), m.shift(in.arg))
			from = in.to
		case opGlobalGet:
			if in.arg >= m.globals {
				r.fail("there is no global %d", in.arg)
			}
		case opEnd:
			return append(out, r.b[from:in.to]...)
		}
	}
	return nil
}

func (m *module) readStart() error {
	r := m.section(secStart)
	if m.sections[secStart] == nil {
		return nil
	}
	m.start, m.out.HasStart = r.u32(), true
	delete(m.sections, secStart)
	return r.err
}

func (m *module) writeTypes() {
	r := m.section(secType)
	n := 0
	if m.sections[secType] != nil {
		n = r.count()
	}
	b := appendU32(nil, uint32(n)+1)
	b = append(b, r.b[r.i:]...)
	m.sections[secType] = append(b, 0x60, 1, 0x7e, 1, 0x7e)
}

func (m *module) writeImports() {
	r := m.section(secImport)
	n := 0
	if m.sections[secImport] != nil {
		n = r.count()
	}
	b := appendU32(nil, uint32(n)+1)
	b = append(b, r.b[r.i:]...)
	b = append(appendName(appendName(b, ImportModule), ImportRefill), 0)
	m.sections[secImport] = appendU32(b, m.refillType)
}

func (m *module) writeGlobals() error {
	r := m.section(secGlobal)
	n := 0
	if m.sections[secGlobal] != nil {
		n = r.count()
	}
	b := appendU32(nil, uint32(n)+1)
	for range n {
		b = append(b, r.byte(), r.byte())
		b = append(b, r.constant(m)...)
	}
	m.sections[secGlobal] = append(b, 0x7e, 1, opI64Const, 0, opEnd)
	return r.err
}

func (m *module) writeExports() error {
	r := m.section(secExport)
	n := 0
	if m.sections[secExport] != nil {
		n = r.count()
	}
	var b []byte
	for range n {
		b = appendName(b, r.name())
		kind, index := r.byte(), r.u32()
		switch {
		case kind == 0:
			index = m.shift(index)
		case kind == 3 && index >= m.globals:
			r.fail("there is no global %d", index)
		}
		b = appendU32(append(b, kind), index)
	}
	if r.err != nil {
		return r.err
	}
	add := func(name string, kind byte, index uint32) {
		b = appendU32(append(appendName(b, name), kind), index)
		n++
	}
	for i, index := range m.mutable {
		add(GlobalName(i), 3, index)
	}
	add(Global, 3, m.globals)
	if m.out.HasStart {
		add(Start, 0, m.shift(m.start))
	}
	m.sections[secExport] = append(appendU32(nil, uint32(n)), b...)
	return nil
}

func (m *module) writeElements() error {
	if m.sections[secElement] == nil {
		return nil
	}
	r := m.section(secElement)
	n := r.count()
	b := appendU32(nil, uint32(n))
	for range n {
		b = m.element(b, r)
	}
	m.sections[secElement] = b
	return r.err
}

// element copies one element segment; its flags say which of eight forms it has.
func (m *module) element(b []byte, r *reader) []byte {
	flags := r.u32()
	if flags > 7 {
		r.fail("an element segment has flags %d", flags)
		return b
	}
	b = appendU32(b, flags)
	passive, explicit, expressions := flags&1 != 0, flags&2 != 0, flags&4 != 0
	if !passive {
		if explicit {
			b = appendU32(b, r.u32()) // table
		}
		b = append(b, r.constant(m)...)
	}
	if passive || explicit {
		b = append(b, r.byte()) // kind or type
	}
	count := r.count()
	b = appendU32(b, uint32(count))
	for range count {
		if expressions {
			b = append(b, r.constant(m)...)
		} else {
			b = appendU32(b, m.shift(r.u32()))
		}
	}
	return b
}

func (m *module) writeCode() error {
	if m.sections[secCode] == nil {
		return nil
	}
	r := m.section(secCode)
	n := r.count()
	if n != len(m.functions) {
		return fmt.Errorf("fuel: %d functions have %d bodies", len(m.functions), n)
	}
	b := appendU32(make([]byte, 0, len(r.b)*3/2), uint32(n))
	var body []byte
	for i := range n {
		code := r.bytes(uint64(r.u32()))
		if r.err != nil {
			return r.err
		}
		var err error
		if body, err = m.function(body[:0], code, m.params[m.functions[i]]); err != nil {
			return fmt.Errorf("function %d: %w", i, err)
		}
		b = append(appendU32(b, uint32(len(body))), body...)
	}
	m.sections[secCode] = b
	return r.err
}

// join puts the sections together in the order that the format prescribes, which is that
// of their ids but for the data count.
func (m *module) join() {
	b := bytes.Clone(header)
	for _, id := range []byte{secType, secImport, secFunction, secTable, secMemory, secGlobal, secExport, secElement, secDataCount, secCode, secData} {
		if body, ok := m.sections[id]; ok {
			b = appendSection(b, id, body)
		}
	}
	if names := m.shiftNames(); names != nil {
		b = appendSection(b, secCustom, append(appendName(nil, "name"), names...))
	}
	m.out.Wasm = b
}
