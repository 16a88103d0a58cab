package sandbox

// transcript keeps the first and the last bytes written to it: a crash says what happened
// at the beginning, and where at the end.
type transcript struct {
	head  [1024]byte
	nHead int
	tail  [3072]byte
	nTail int
	more  bool // bytes between head and tail are gone
}

func (t *transcript) reset() { t.nHead, t.nTail, t.more = 0, 0, false }

func (t *transcript) write(p []byte) {
	n := copy(t.head[t.nHead:], p)
	t.nHead, p = t.nHead+n, p[n:]
	if len(p) > len(t.tail) {
		p, t.more = p[len(p)-len(t.tail):], true
	}
	if over := t.nTail + len(p) - len(t.tail); over > 0 {
		copy(t.tail[:], t.tail[over:t.nTail])
		t.nTail, t.more = t.nTail-over, true
	}
	t.nTail += copy(t.tail[t.nTail:], p)
}

// String is what is kept, with a line "…" where something is gone.
func (t *transcript) String() string {
	if t.more {
		return string(t.head[:t.nHead]) + "\n…\n" + string(t.tail[:t.nTail])
	}
	return string(t.head[:t.nHead]) + string(t.tail[:t.nTail])
}
