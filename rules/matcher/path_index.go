package matcher

import (
	"net/netip"

	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/rules/projection"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// pathIndex finds, for the value of a leaf at one path, the conjunctions that hang
// there and may hold. What no rule needs is nil and costs nothing.
type pathIndex struct {
	present   ref
	texts     *exacts
	numbers   *exacts
	literals  map[string]ref
	addresses map[netip.Addr]ref
	folded    *exacts

	prefixes, suffixes             *prefixes
	foldedPrefixes, foldedSuffixes *prefixes
	grams                          *grams
	ranges                         *ranges
	blocks4, blocks6               *blocks

	// ofText says that something but texts is looked up for strings.
	ofText, ofAddress, ofFolded bool
}

// pathBuilder gathers the keys of one path; what is searched in order is sorted at the
// end.
type pathBuilder struct {
	pathIndex
	text, number, foldedText                   []hashed
	prefix, suffix, foldedPrefix, foldedSuffix map[string]ref
	gram                                       map[int]map[uint64]ref
	span                                       []ranged
	net4, net6                                 map[netip.Prefix]ref
}

func (b *pathBuilder) add(p *postings, k *key, conjunction int32) {
	switch k.form {
	case byText:
		b.text = append(b.text, hashed{textHash(k.text), conjunction})
	case byNumber:
		b.number = append(b.number, hashed{numberHash(k.number), conjunction})
	case byLiteral:
		enter(p, &b.literals, k.text, conjunction)
	case byAddress:
		enter(p, &b.addresses, k.addr, conjunction)
	case byFolded:
		b.foldedText = append(b.foldedText, hashed{textHash(k.text), conjunction})
	case byPrefix:
		enter(p, &b.prefix, k.text, conjunction)
	case bySuffix:
		enter(p, &b.suffix, k.text, conjunction)
	case byFoldedPrefix:
		enter(p, &b.foldedPrefix, k.text, conjunction)
	case byFoldedSuffix:
		enter(p, &b.foldedSuffix, k.text, conjunction)
	case byGram:
		if b.gram == nil {
			b.gram = map[int]map[uint64]ref{}
		}
		m := b.gram[k.size]
		enter(p, &m, k.gram, conjunction)
		b.gram[k.size] = m
	case byRange:
		b.span = append(b.span, ranged{k.span, conjunction})
	case byBlock:
		if k.net.Addr().Is4() {
			enter(p, &b.net4, k.net, conjunction)
		} else {
			enter(p, &b.net6, k.net, conjunction)
		}
	case byPresence:
		b.present = p.add(b.present, conjunction)
	}
}

func enter[K comparable](p *postings, m *map[K]ref, k K, conjunction int32) {
	if *m == nil {
		*m = map[K]ref{}
	}
	(*m)[k] = p.add((*m)[k], conjunction)
}

func (b *pathBuilder) build(p *postings) *pathIndex {
	x := b.pathIndex
	for _, exact := range [...]struct {
		from []hashed
		to   **exacts
	}{{b.text, &x.texts}, {b.number, &x.numbers}, {b.foldedText, &x.folded}} {
		if exact.from != nil {
			*exact.to = newExacts(p, exact.from)
		}
	}
	for _, affix := range [...]struct {
		from map[string]ref
		to   **prefixes
	}{{b.prefix, &x.prefixes}, {b.suffix, &x.suffixes}, {b.foldedPrefix, &x.foldedPrefixes}, {b.foldedSuffix, &x.foldedSuffixes}} {
		if affix.from != nil {
			*affix.to = newPrefixes(affix.from)
		}
	}
	if b.gram != nil {
		x.grams = newGrams(b.gram)
	}
	if b.span != nil {
		x.ranges = newRanges(p, b.span)
	}
	if b.net4 != nil {
		x.blocks4 = newBlocks(b.net4)
	}
	if b.net6 != nil {
		x.blocks6 = newBlocks(b.net6)
	}
	x.ofFolded = x.folded != nil || x.foldedPrefixes != nil || x.foldedSuffixes != nil
	x.ofAddress = x.addresses != nil || x.blocks4 != nil || x.blocks6 != nil
	x.ofText = x.ofFolded || x.ofAddress || x.prefixes != nil || x.suffixes != nil || x.grams != nil
	return &x
}

// find calls x.try for everything that a leaf's value may satisfy.
func (p *pathIndex) find(x *matching, leaf *projection.Leaf) {
	if p.present != 0 {
		x.try(p.present)
	}
	switch leaf.Kind {
	case event.String:
		if p.texts != nil {
			x.try(p.texts.find(x.hash(leaf)))
		}
		if p.ofText {
			p.findText(x, leaf.Text)
		}
	case event.Number:
		if p.numbers == nil && p.ranges == nil {
			return
		}
		n := x.leaves.Value(leaf).Number()
		if p.numbers != nil {
			x.try(p.numbers.find(numberHash(n)))
		}
		if p.ranges != nil {
			p.ranges.find(n.Float(), x.hit)
		}
	default:
		if p.literals != nil {
			x.try(p.literals[string(leaf.Text)])
		}
	}
}

func (p *pathIndex) findText(x *matching, text []byte) {
	if p.prefixes != nil {
		p.prefixes.find(text, x.hit)
	}
	if p.suffixes != nil {
		x.reversed = reverse(x.reversed[:0], text)
		p.suffixes.find(x.reversed, x.hit)
	}
	if p.grams != nil {
		p.grams.find(text, x.hit)
	}
	if p.ofFolded {
		p.findFolded(x, text)
	}
	if p.ofAddress {
		p.findAddress(x, text)
	}
}

func (p *pathIndex) findFolded(x *matching, text []byte) {
	x.folded = pattern.AppendFold(x.folded[:0], text)
	if p.folded != nil {
		x.try(p.folded.find(hashOf(x.folded)))
	}
	if p.foldedPrefixes != nil {
		p.foldedPrefixes.find(x.folded, x.hit)
	}
	if p.foldedSuffixes != nil {
		x.reversed = reverse(x.reversed[:0], x.folded)
		p.foldedSuffixes.find(x.reversed, x.hit)
	}
}

func (p *pathIndex) findAddress(x *matching, text []byte) {
	a, ok := pattern.ParseAddress(text)
	if !ok {
		return
	}
	if p.addresses != nil {
		x.try(p.addresses[a])
	}
	if b := p.blocks4; b != nil && a.Is4() {
		b.find(a, x.hit)
	}
	if b := p.blocks6; b != nil && !a.Is4() {
		b.find(a, x.hit)
	}
}
