package fuel

// Renumber copies a function's body, as the code section holds it, with the functions that
// it calls and the globals that it uses renumbered: what a linker of modules needs, beside
// Rewrite the only one who must know every instruction.
func Renumber(code []byte, function, global func(uint32) uint32) ([]byte, error) {
	r := &reader{b: code}
	for range r.count() { // locals
		r.u32()
		r.byte()
	}
	out := append(make([]byte, 0, len(code)+len(code)/8), code[:r.i]...)
	for !r.done() {
		switch in := r.next(); in.op {
		case opCall, opRefFunc:
			out = appendU32(append(out, in.op), function(in.arg))
		case opGlobalGet, opGlobalSet:
			out = appendU32(append(out, in.op), global(in.arg))
		default:
			out = append(out, code[in.from:in.to]...)
		}
	}
	return out, r.err
}
