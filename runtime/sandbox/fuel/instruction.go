package fuel

// The opcodes that the rewriter looks at.
const (
	opUnreachable = 0x00
	opBlock       = 0x02
	opLoop        = 0x03
	opIf          = 0x04
	opElse        = 0x05
	opEnd         = 0x0b
	opBr          = 0x0c
	opBrIf        = 0x0d
	opBrTable     = 0x0e
	opReturn      = 0x0f
	opCall        = 0x10
	opIndirect    = 0x11
	opLocalGet    = 0x20
	opLocalSet    = 0x21
	opLocalTee    = 0x22
	opGlobalGet   = 0x23
	opGlobalSet   = 0x24
	opTableGet    = 0x25
	opTableSet    = 0x26
	opI64Const    = 0x42
	opI64LtS      = 0x53
	opI64Sub      = 0x7d
	opI64ShrU     = 0x88
	opI64ExtendU  = 0xad
	opRefFunc     = 0xd2
	opMisc        = 0xfc
	opSIMD        = 0xfd
)

// The second opcodes of opMisc.
const (
	memoryInit = 8
	dataDrop   = 9
	memoryCopy = 10
	memoryFill = 11
	tableInit  = 12
	elemDrop   = 13
	tableCopy  = 14
	tableGrow  = 15
	tableSize  = 16
	tableFill  = 17
)

// instruction is one instruction and where it stands.
type instruction struct {
	op  byte
	sub uint32 // second opcode of opMisc and opSIMD
	arg uint32 // first index: of a function, local, global
	// from and to bound it in the body.
	from, to int
}

// next reads the instruction at r.
func (r *reader) next() instruction {
	in := instruction{from: r.i}
	in.op = r.byte()
	switch op := in.op; {
	case op == opBlock || op == opLoop || op == opIf:
		r.skipLEB(33)
	case op == opBr || op == opBrIf || op == opCall || op == opRefFunc || op >= opLocalGet && op <= opTableSet:
		in.arg = r.u32()
	case op == opBrTable:
		for range r.count() {
			r.u32()
		}
		r.u32()
	case op == opIndirect:
		in.arg = r.u32()
		r.u32()
	case op == 0x1c: // select with types
		r.bytes(uint64(r.count()))
	case op >= 0x28 && op <= 0x3e:
		r.memarg()
	case op == 0x3f || op == 0x40: // memory.size, memory.grow
		r.u32()
	case op == 0x41:
		r.skipLEB(32)
	case op == opI64Const:
		r.skipLEB(64)
	case op == 0x43:
		r.bytes(4)
	case op == 0x44:
		r.bytes(8)
	case op == 0xd0: // ref.null
		r.byte()
	case op == opMisc:
		in.sub = r.u32()
		r.misc(in.sub)
	case op == opSIMD:
		in.sub = r.u32()
		r.simd(in.sub)
	case op <= 0x01 || op == opElse || op == opEnd || op == opReturn || op == 0x1a || op == 0x1b || op >= 0x45 && op <= 0xc4 || op == 0xd1:
	default:
		r.fail("instruction %#x is not one of WebAssembly 2.0", op)
	}
	in.to = r.i
	return in
}

func (r *reader) memarg() {
	r.u32()
	r.leb(64)
}

func (r *reader) misc(sub uint32) {
	switch sub {
	case 0, 1, 2, 3, 4, 5, 6, 7: // saturating truncation
	case memoryInit, memoryCopy, tableInit, tableCopy:
		r.u32()
		r.u32()
	case dataDrop, memoryFill, elemDrop, tableGrow, tableSize, tableFill:
		r.u32()
	default:
		r.fail("instruction 0xfc %d is not one of WebAssembly 2.0", sub)
	}
}

func (r *reader) simd(sub uint32) {
	switch {
	case sub <= 11 || sub == 92 || sub == 93:
		r.memarg()
	case sub == 12 || sub == 13: // v128.const, i8x16.shuffle
		r.bytes(16)
	case sub >= 21 && sub <= 34: // lanes
		r.byte()
	case sub >= 84 && sub <= 91: // load and store of a lane
		r.memarg()
		r.byte()
	case sub > 255:
		r.fail("instruction 0xfd %d is not one of WebAssembly 2.0", sub)
	}
}
