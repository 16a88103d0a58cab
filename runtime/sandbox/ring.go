package sandbox

// ring keeps the last bytes written to it.
type ring struct {
	b    [4096]byte
	n    int // bytes in b
	more bool
}

func (r *ring) reset() { r.n, r.more = 0, false }

func (r *ring) write(p []byte) {
	if len(p) > len(r.b) {
		p, r.more = p[len(p)-len(r.b):], true
	}
	if over := r.n + len(p) - len(r.b); over > 0 {
		copy(r.b[:], r.b[over:r.n])
		r.n, r.more = r.n-over, true
	}
	r.n += copy(r.b[r.n:], p)
}

// String is what is kept, with "…" in front when some is gone.
func (r *ring) String() string {
	if r.more {
		return "…" + string(r.b[:r.n])
	}
	return string(r.b[:r.n])
}
