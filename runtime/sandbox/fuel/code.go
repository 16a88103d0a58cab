package fuel

import "fmt"

// bulkUnit is how many bytes or elements of a bulk instruction cost one unit of fuel, as
// a power of two: what a processor copies in about the time of a loop's turn.
const bulkUnit = 6

// sizeUnit is how many bytes of code make a check dearer by one unit, as a power of two:
// without it a loop whose body is megabytes of straight code would be nearly free. Go
// puts whole functions into one loop, so the unit is large.
const sizeUnit = 13

// shape is what a first look at a function's body finds.
type shape struct {
	// sizes are the bytes of each loop's body, in the order of their headers.
	sizes []int
	calls bool
	// headed means that a loop is always entered first: its check is the function's too.
	headed bool
}

// survey reads a body's instructions once: it finds the loops, and refuses what reads
// beyond what the original module has, which the rewritten module might allow.
func (m *module) survey(body []byte, locals uint32) (shape, error) {
	var s shape
	r := &reader{b: body}
	type block struct{ loop, from int }
	var open []block
	straight := true // nothing before here could have left the path
	for depth := 1; depth > 0 && r.err == nil; {
		in := r.next()
		switch in.op {
		case opBlock, opIf, opLoop:
			depth++
			b := block{loop: -1}
			if in.op == opLoop {
				s.headed = s.headed || straight
				b = block{len(s.sizes), in.to}
				s.sizes = append(s.sizes, 0)
			}
			open = append(open, b)
		case opEnd:
			depth--
			if n := len(open); n > 0 {
				if b := open[n-1]; b.loop >= 0 {
					s.sizes[b.loop] = in.from - b.from
				}
				open = open[:n-1]
			}
		}
		straight = straight && !leaves(in.op)
		s.calls = s.calls || in.op == opCall || in.op == opIndirect
		m.judge(in, locals, r)
	}
	if r.err == nil && !r.done() {
		return s, fmt.Errorf("fuel: code follows the end of a function")
	}
	return s, r.err
}

func leaves(op byte) bool {
	switch op {
	case opUnreachable, opIf, opElse, opEnd, opBr, opBrIf, opBrTable, opReturn, opCall, opIndirect:
		return true
	}
	return false
}

// judge checks an instruction's indexes and notes what makes a module's state more than
// memory and globals.
func (m *module) judge(in instruction, locals uint32, r *reader) {
	switch in.op {
	case opLocalGet, opLocalSet, opLocalTee:
		if in.arg >= locals {
			r.fail("there is no local %d", in.arg)
		}
	case opGlobalGet, opGlobalSet:
		if in.arg >= m.globals {
			r.fail("there is no global %d", in.arg)
		}
	case opTableSet:
		m.impure("it changes a table")
	case opMisc:
		switch in.sub {
		case tableGrow:
			r.fail("growing tables is not for plugins: their memory is not bounded by a limit")
		case tableInit, tableCopy, tableFill:
			m.impure("it changes a table")
		case dataDrop, elemDrop:
			m.impure("it drops passive segments")
		}
	}
}

func (m *module) impure(why string) {
	if m.out.Impure == "" {
		m.out.Impure = why
	}
}

// function rewrites one function's body: the locals and then the instructions.
func (m *module) function(out, code []byte, params uint32) ([]byte, error) {
	r := &reader{b: code}
	groups := r.count()
	start := r.i
	locals := uint64(params)
	for range groups {
		locals += uint64(r.u32())
		r.byte()
	}
	if locals > 50_000 {
		r.fail("a function has %d locals", locals)
	}
	if r.err != nil {
		return nil, r.err
	}
	declared, body := code[start:r.i], code[r.i:]
	s, err := m.survey(body, uint32(locals))
	if err != nil {
		return nil, err
	}
	// Two locals of our own: the fuel left (i64) and a length (i32).
	out = appendU32(out, uint32(groups)+2)
	out = append(out, declared...)
	out = append(out, 1, 0x7e, 1, 0x7f)
	w := writer{m: m, out: out, left: uint32(locals), length: uint32(locals) + 1}
	if s.calls && !s.headed {
		w.check(len(body))
	}
	w.body(body, s.sizes)
	return w.out, nil
}

// writer copies a body and puts checks in.
type writer struct {
	m            *module
	out          []byte
	left, length uint32
}

func (w *writer) body(body []byte, sizes []int) {
	r := &reader{b: body}
	for !r.done() {
		in := r.next()
		switch {
		case in.op == opCall || in.op == opRefFunc:
			w.out = appendU32(append(w.out, in.op), w.m.shift(in.arg))
			continue
		case in.op == opMisc && isBulk(in.sub):
			w.bulk()
		}
		w.out = append(w.out, body[in.from:in.to]...)
		if in.op == opLoop {
			w.check(sizes[0])
			sizes = sizes[1:]
		}
	}
}

func isBulk(sub uint32) bool {
	return sub == memoryInit || sub == memoryCopy || sub == memoryFill || sub >= tableInit && sub != elemDrop && sub != tableSize
}

// check takes fuel for code of some size.
func (w *writer) check(size int) {
	w.out = w.get(opGlobalGet, w.m.globals)
	w.out = appendS64(append(w.out, opI64Const), 1+int64(size>>sizeUnit))
	w.take()
}

// bulk takes fuel for the length on top of the stack, which a bulk instruction is about
// to use.
func (w *writer) bulk() {
	w.out = w.get(opLocalSet, w.length)
	w.out = w.get(opGlobalGet, w.m.globals)
	w.out = append(w.get(opLocalGet, w.length), opI64ExtendU)
	w.out = append(appendS64(append(w.out, opI64Const), bulkUnit), opI64ShrU)
	w.take()
	w.out = w.get(opLocalGet, w.length)
}

// take subtracts the number on top of the stack from the one below it, the fuel, stores
// the rest and asks for more when it is below zero.
func (w *writer) take() {
	w.out = append(w.out, opI64Sub)
	w.out = w.get(opLocalTee, w.left)
	w.out = w.get(opGlobalSet, w.m.globals)
	w.out = w.get(opLocalGet, w.left)
	w.out = append(w.out, opI64Const, 0, opI64LtS, opIf, 0x40)
	w.out = w.get(opLocalGet, w.left)
	w.out = w.get(opCall, w.m.refill)
	w.out = append(w.get(opGlobalSet, w.m.globals), opEnd)
}

func (w *writer) get(op byte, index uint32) []byte { return appendU32(append(w.out, op), index) }
