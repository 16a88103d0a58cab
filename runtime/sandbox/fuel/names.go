package fuel

// shiftNames is the name section with functions shifted. Only the names of the module and
// of functions are kept; a name section that cannot be read is dropped, as the format
// demands of a custom section.
func (m *module) shiftNames() []byte {
	r := &reader{b: m.names}
	var b []byte
	for !r.done() {
		id := r.byte()
		body := r.bytes(uint64(r.u32()))
		switch id {
		case 0:
			b = appendSection(b, id, body)
		case 1:
			f := &reader{b: body}
			n := f.count()
			names := appendU32(nil, uint32(n)+1)
			placed := false
			for range n {
				index := f.u32()
				if index >= m.imported && !placed {
					names, placed = appendName(appendU32(names, m.refill), "tocsin.fuel.refill"), true
				}
				names = appendName(appendU32(names, m.shift(index)), f.name())
			}
			if !placed {
				names = appendName(appendU32(names, m.refill), "tocsin.fuel.refill")
			}
			if f.err != nil {
				return nil
			}
			b = appendSection(b, id, names)
		}
	}
	if r.err != nil {
		return nil
	}
	return b
}
