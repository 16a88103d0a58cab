package fuel

import "crypto/sha256"

// skeletonSection names the custom section that makes equal skeletons of different
// modules different: compiled code is found by the skeleton's digest.
const skeletonSection = "tocsin.skeleton"

// Skeleton returns a module of the same shape as a rewritten one, whose functions trap at
// once: what a runtime needs beside the code that it compiled of the module before. It is
// read and validated in a tenth of the time. Without data, active data segments are left
// out as well, for instances whose memory comes from an image.
func Skeleton(wasm []byte, data bool) ([]byte, error) {
	m := &module{sections: map[byte][]byte{}}
	if err := m.split(wasm); err != nil {
		return nil, err
	}
	// The data count stands where instructions name segments, which must keep their
	// places then.
	if _, named := m.sections[secDataCount]; !named && !data {
		delete(m.sections, secData)
	}
	if err := m.hollow(); err != nil {
		return nil, err
	}
	b := m.assemble()
	if m.names != nil {
		b = appendSection(b, secCustom, append(appendName(nil, "name"), m.names...))
	}
	digest := sha256.Sum256(wasm)
	return appendSection(b, secCustom, append(appendName(nil, skeletonSection), digest[:]...)), nil
}

// hollow replaces every function's body.
func (m *module) hollow() error {
	if m.sections[secCode] == nil {
		return nil
	}
	r := m.section(secCode)
	n := r.count()
	b := appendU32(nil, uint32(n))
	for range n {
		r.bytes(uint64(r.u32()))
		b = append(b, 3, 0, opUnreachable, opEnd)
	}
	m.sections[secCode] = b
	return r.err
}
