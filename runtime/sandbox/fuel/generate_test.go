package fuel

// generator makes valid modules out of any bytes, for fuzzing: functions of two i32
// parameters and one result that use loops, branches, calls, globals, memory and tables.
type generator struct {
	seed  []byte
	at    int
	depth int
	// labels are what a branch may name here: how far out, innermost last.
	labels int
	code   []byte
}

const (
	genFunctions = 4
	genLocals    = 4 // with the two parameters
	genGlobals   = 3
)

func (g *generator) pick(n int) int {
	if g.at >= len(g.seed) {
		return 0
	}
	g.at++
	return int(g.seed[g.at-1]) % n
}

func (g *generator) emit(b ...byte) { g.code = append(g.code, b...) }

func (g *generator) i32(v int64) { g.code = appendS64(append(g.code, 0x41), v) }

// value emits code that leaves an i32.
func (g *generator) value() {
	g.depth++
	defer func() { g.depth-- }()
	kind := g.pick(12)
	if g.depth > 6 || g.at >= len(g.seed) {
		kind %= 3
	}
	switch kind {
	case 0:
		g.i32(int64(g.pick(256)) - 100)
	case 1:
		g.emit(opLocalGet, byte(g.pick(genLocals)))
	case 2:
		g.emit(opGlobalGet, byte(g.pick(genGlobals)))
	case 3, 4:
		g.value()
		g.value()
		g.emit([]byte{0x6a, 0x6b, 0x6c, 0x6d, 0x6f, 0x71, 0x72, 0x73, 0x46, 0x48, 0x4a}[g.pick(11)])
	case 5:
		g.address()
		g.emit(0x28, 2, 0) // i32.load
	case 6:
		g.value()
		g.value()
		g.emit(opCall, byte(1+g.pick(genFunctions)))
	case 7:
		g.value()
		g.value()
		g.value()
		g.emit(opIndirect, 0, 0)
	case 8:
		g.emit(0x3f, 0) // memory.size
	case 9:
		g.value()
		g.emit(opIf, 0x7f)
		g.nested(func() { g.value() })
		g.emit(opElse)
		g.nested(func() { g.value() })
		g.emit(opEnd)
	case 10:
		g.value()
		g.emit(0x45) // i32.eqz
	case 11:
		g.emit(opBlock, 0x7f)
		g.nested(func() { g.statements(); g.value() })
		g.emit(opEnd)
	}
}

// address leaves an address that is mostly inside the memory.
func (g *generator) address() {
	g.value()
	g.i32(0x1fffc)
	g.emit(0x71)
}

func (g *generator) nested(f func()) {
	g.labels++
	f()
	g.labels--
}

func (g *generator) statements() {
	g.depth++
	defer func() { g.depth-- }()
	for range 1 + g.pick(4) {
		g.statement()
	}
}

func (g *generator) statement() {
	kind := g.pick(10)
	if g.depth > 6 || g.at >= len(g.seed) {
		kind %= 2
	}
	switch kind {
	case 0:
		g.value()
		g.emit(opLocalSet, byte(g.pick(genLocals)))
	case 1:
		g.value()
		g.emit(opGlobalSet, byte(g.pick(genGlobals)))
	case 2:
		g.address()
		g.value()
		g.emit(0x36, 2, 0) // i32.store
	case 3, 4:
		g.emit(opLoop, 0x40)
		g.nested(func() {
			g.statements()
			g.value()
			g.emit(opBrIf, 0)
		})
		g.emit(opEnd)
	case 5:
		g.emit(opBlock, 0x40)
		g.nested(func() {
			g.statements()
			g.value()
			g.emit(opBrIf, 0)
			g.statements()
		})
		g.emit(opEnd)
	case 6:
		g.address()
		g.value()
		g.value()
		g.i32(0xfff)
		g.emit(0x71, opMisc, memoryFill, 0)
	case 7:
		g.address()
		g.address()
		g.value()
		g.i32(0xfff)
		g.emit(0x71, opMisc, memoryCopy, 0, 0)
	case 8:
		g.i32(int64(g.pick(2)))
		g.emit(0x40, 0, 0x1a) // memory.grow, drop
	case 9:
		g.value()
		g.value()
		g.emit(opIf, 0x40)
		g.nested(func() { g.statements() })
		g.emit(opEnd, 0x1a)
	}
}

// generate makes a module whose functions are exported as "a", "b", …, its memory as
// "memory" and its globals as "0", "1", ….
func generate(seed []byte) []byte {
	g := &generator{seed: seed}
	types := []byte{2, 0x60, 2, 0x7f, 0x7f, 1, 0x7f, 0x60, 0, 0}
	imports := append(appendName(appendName([]byte{1}, "env"), "sum"), 0, 0)
	functions := []byte{genFunctions}
	globals := []byte{genGlobals}
	exports := []byte{1 + genFunctions + genGlobals}
	exports = append(appendName(exports, "memory"), 2, 0)
	code := []byte{genFunctions}
	for n := range byte(genFunctions) {
		functions = append(functions, 0)
		exports = append(appendName(exports, string('a'+rune(n))), 0, 1+n)
		g.code = []byte{1, genLocals - 2, 0x7f}
		g.statements()
		g.value()
		g.emit(opEnd)
		code = append(appendU32(code, uint32(len(g.code))), g.code...)
	}
	for n := range byte(genGlobals) {
		globals = append(globals, 0x7f, 1, 0x41, n, opEnd)
		exports = append(appendName(exports, string('0'+rune(n))), 3, n)
	}
	elements := []byte{1, 0, 0x41, 0, opEnd, 3, 0, 2, 3}
	data := append([]byte{1, 0, 0x41, 16, opEnd, 4}, "data"...)
	b := append([]byte(nil), header...)
	for _, s := range []struct {
		id   byte
		body []byte
	}{{secType, types}, {secImport, imports}, {secFunction, functions}, {secTable, []byte{1, 0x70, 0, 4}}, {secMemory, []byte{1, 1, 2, 4}},
		{secGlobal, globals}, {secExport, exports}, {secElement, elements}, {secCode, code}, {secData, data}} {
		b = appendSection(b, s.id, s.body)
	}
	return b
}
