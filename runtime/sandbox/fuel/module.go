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
	rewritten  bool // the module has checks already
}

// Rewrite returns the module with checks. It does not validate: that is for the runtime
// that compiles the result; but what the original may not reach, its code cannot reach in
// the result either.
func Rewrite(wasm []byte) (Module, error) {
	m := &module{sections: map[byte][]byte{}}
	if err := m.split(wasm); err != nil {
		return Module{}, err
	}
	for _, read := range []func() error{m.readTypes, m.readImports, m.readTables, m.readFunctions, m.readGlobals, m.readStart, m.readData} {
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
			if module == ImportModule && !m.rewritten {
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

// maxTable bounds a table's elements; the largest Go guests have some ten thousand.
const maxTable = 1 << 20

func (m *module) readTables() error {
	r := m.section(secTable)
	if m.sections[secTable] != nil {
		for range r.count() {
			r.byte()
			flags, minimum := r.byte(), r.u32()
			if flags&1 != 0 {
				r.u32()
			}
			if minimum > maxTable {
				r.fail("a table of %d elements is too large, at most %d", minimum, maxTable)
			}
		}
	}
	return r.err
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

// readData changes nothing: the compiler believes how many segments a module claims, and
// makes room for them.
func (m *module) readData() error {
	r := m.section(secData)
	if m.sections[secData] != nil {
		for range r.count() {
			flags := r.u32()
			if flags > 2 {
				r.fail("a data segment has flags %d", flags)
			}
			if flags == 2 {
				r.u32() // memory
			}
			if flags != 1 {
				r.constant(m)
			}
			r.bytes(uint64(r.u32()))
		}
	}
	return r.err
}
