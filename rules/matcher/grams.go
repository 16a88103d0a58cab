package matcher

import "encoding/binary"

// grams finds the texts that have a piece somewhere inside. Of each piece one gram, a
// few adjacent bytes, is indexed: the one that the fewest rules share. A text is read
// once: the gram at each of its bytes is looked up in a filter of bits, and only where
// that says "perhaps" in the map. What is found is verified, so that a gram which is
// part of a longer piece costs time and never a wrong match.
type grams struct {
	sizes []gramsOfSize
}

type gramsOfSize struct {
	size   int
	mask   uint64
	filter bitFilter
	refs   map[uint64]ref
}

// gramSizes are the lengths of grams, the longest that fits first.
var gramSizes = [...]int{8, 6, 4, 3, 2, 1}

// gramSize is the length of the grams of a piece.
func gramSize(piece string) int {
	for _, n := range gramSizes {
		if len(piece) >= n {
			return n
		}
	}
	return 0
}

// gramsOf calls yield for each gram of a piece.
func gramsOf(piece string, yield func(gram uint64)) {
	n := gramSize(piece)
	for i := 0; n > 0 && i+n <= len(piece); i++ {
		yield(gramAt([]byte(piece[i : i+n])))
	}
}

// gramAt makes a number of up to eight bytes.
func gramAt(b []byte) (g uint64) {
	for i := len(b) - 1; i >= 0; i-- {
		g = g<<8 | uint64(b[i])
	}
	return g
}

// newGrams makes the index; refs has a map for each size.
func newGrams(refs map[int]map[uint64]ref) *grams {
	g := &grams{}
	for _, n := range gramSizes {
		if len(refs[n]) == 0 {
			continue
		}
		s := gramsOfSize{size: n, mask: ^uint64(0) >> (64 - 8*n), filter: newBits(len(refs[n])), refs: refs[n]}
		for gram := range s.refs {
			s.filter.add(gram)
		}
		g.sizes = append(g.sizes, s)
	}
	return g
}

// find calls hit for the grams in text; for one that is there twice, twice.
func (g *grams) find(text []byte, hit func(ref)) {
	for i := range g.sizes {
		g.sizes[i].find(text, hit)
	}
}

func (s *gramsOfSize) find(text []byte, hit func(ref)) {
	i := 0
	for ; i+8 <= len(text); i++ {
		s.try(binary.LittleEndian.Uint64(text[i:])&s.mask, hit)
	}
	for ; i+s.size <= len(text); i++ {
		s.try(gramAt(text[i:i+s.size]), hit)
	}
}

func (s *gramsOfSize) try(gram uint64, hit func(ref)) {
	if !s.filter.has(gram) {
		return
	}
	if r, ok := s.refs[gram]; ok {
		hit(r)
	}
}
