package matcher

import (
	"math"
	"net/netip"

	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// form is how a key is looked up.
type form uint8

const (
	byText form = iota
	byNumber
	byLiteral
	byAddress
	byFolded
	byPrefix
	bySuffix
	byFoldedPrefix
	byFoldedSuffix
	byGram
	byRange
	byBlock
	byPresence

	forms = iota // how many there are
)

// key is one entry of a path's index: what a leaf must have for a test to be worth
// trying.
type key struct {
	form   form
	text   string // of byText, byLiteral, byFolded, by…Prefix, by…Suffix (in reverse)
	number pattern.Number
	addr   netip.Addr
	net    netip.Prefix
	span   span
	gram   uint64
	size   int // of the gram
}

// keysOf appends the keys under which a test can be found; any one of them is enough. A
// test that nothing else stands for is found by the presence of its path.
func keysOf(keys []key, t *pattern.Test) []key {
	if t.Not {
		return append(keys, key{form: byPresence})
	}
	switch t.Op {
	case pattern.Range:
		s := span{math.Inf(-1), math.Inf(1)}
		if t.Low.Set {
			s.low = t.Low.Number.Float()
		}
		if t.High.Set {
			s.high = t.High.Number.Float()
		}
		return append(keys, key{form: byRange, span: s})
	case pattern.Block:
		return append(keys, key{form: byBlock, net: t.Net})
	case pattern.Exists:
		return append(keys, key{form: byPresence})
	}
	o := &t.Operands[0]
	switch t.Op {
	case pattern.Equal:
		return append(keys, equalKey(o))
	case pattern.EqualFold:
		return append(keys, key{form: byFolded, text: o.Text})
	case pattern.Prefix:
		return append(keys, affixKey(byPrefix, o.Text))
	case pattern.PrefixFold:
		return append(keys, affixKey(byFoldedPrefix, o.Text))
	case pattern.Suffix:
		return append(keys, affixKey(bySuffix, backwards(o.Text)))
	case pattern.SuffixFold:
		return append(keys, affixKey(byFoldedSuffix, backwards(o.Text)))
	}
	return wildKeys(keys, o.Wild)
}

// equalKey is by address where the text is one, so that all spellings are found.
func equalKey(o *pattern.Operand) key {
	switch {
	case o.Kind == event.Number:
		return key{form: byNumber, number: o.Number}
	case o.Kind != event.String:
		return key{form: byLiteral, text: o.Text}
	case o.Address.IsValid():
		return key{form: byAddress, addr: o.Address}
	}
	return key{form: byText, text: o.Text}
}

func affixKey(f form, text string) key {
	if text == "" {
		f = byPresence
	}
	return key{form: f, text: text}
}

// wildKeys has a choice: the head, the tail, or any gram of a piece between stars.
func wildKeys(keys []key, w pattern.Wildcard) []key {
	last := len(w.Pieces) - 1
	if last == 0 {
		return append(keys, key{form: byText, text: w.Pieces[0]})
	}
	n := len(keys)
	if head := w.Pieces[0]; head != "" {
		keys = append(keys, key{form: byPrefix, text: head})
	}
	if tail := w.Pieces[last]; tail != "" {
		keys = append(keys, key{form: bySuffix, text: backwards(tail)})
	}
	for _, piece := range w.Pieces[1:last] {
		gramsOf(piece, func(gram uint64) {
			keys = append(keys, key{form: byGram, gram: gram, size: gramSize(piece)})
		})
	}
	if len(keys) == n {
		keys = append(keys, key{form: byPresence})
	}
	return keys
}

func backwards(s string) string { return string(reverse(nil, []byte(s))) }

// hash tells keys of one path apart; that it may confuse two matters to nobody.
func (k *key) hash(path int32) uint64 {
	const prime = 1099511628211
	h := (14695981039346656037^uint64(k.form))*prime ^ uint64(path)
	mix := func(v uint64) { h = (h ^ v) * prime; h ^= h >> 29 }
	for i := range len(k.text) {
		h = (h ^ uint64(k.text[i])) * prime
	}
	switch k.form {
	case byNumber:
		mix(math.Float64bits(k.number.Float()))
	case byAddress:
		high, low := addressBits(k.addr)
		mix(high)
		mix(low)
	case byBlock:
		high, low := addressBits(k.net.Addr())
		mix(high)
		mix(low + uint64(k.net.Bits()))
	case byRange:
		mix(math.Float64bits(k.span.low))
		mix(math.Float64bits(k.span.high))
	case byGram:
		mix(k.gram)
		mix(uint64(k.size))
	}
	return h
}
