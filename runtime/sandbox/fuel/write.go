package fuel

import (
	"bytes"
	"fmt"
)

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

// join puts the rewritten module together.
func (m *module) join() {
	b := m.assemble()
	if names := m.shiftNames(); names != nil {
		b = appendSection(b, secCustom, append(appendName(nil, "name"), names...))
	}
	m.out.Wasm = b
}

// assemble puts the sections in the order that the format prescribes, which is that of
// their ids but for the data count.
func (m *module) assemble() []byte {
	b := bytes.Clone(header)
	for _, id := range []byte{secType, secImport, secFunction, secTable, secMemory, secGlobal, secExport, secElement, secDataCount, secCode, secData} {
		if body, ok := m.sections[id]; ok {
			b = appendSection(b, id, body)
		}
	}
	return b
}
