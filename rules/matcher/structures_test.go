package matcher

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// found collects what a structure finds, sorted and each once.
func found(find func(hit func(ref))) []ref {
	var all []ref
	find(func(r ref) { all = append(all, r) })
	slices.Sort(all)
	return slices.Compact(all)
}

// all are the conjunctions of a ref.
func (p *postings) all(r ref) []int32 {
	switch {
	case r > 0:
		return []int32{int32(r) - 1}
	case r < 0:
		return p.lists[-r-1]
	}
	return nil
}

func expect(t *testing.T, what string, got, want []ref) {
	t.Helper()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("%s: found %v, want %v", what, got, want)
	}
}

func word(r *rand.Rand, letters string, most int) string {
	var b strings.Builder
	for range r.IntN(most + 1) {
		b.WriteByte(letters[r.IntN(len(letters))])
	}
	return b.String()
}

func TestPrefixes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		refs := map[string]ref{}
		for i := range 1 + r.IntN(40) {
			refs["a"+word(r, "a\x00b\xff", 11)] = ref(i + 1)
		}
		p := newPrefixes(refs)
		for range 50 {
			text := word(r, "aaaab\x00\xff", 14)
			var want []ref
			for key, at := range refs {
				if strings.HasPrefix(text, key) {
					want = append(want, at)
				}
			}
			expect(t, fmt.Sprintf("%q", text), found(func(hit func(ref)) { p.find([]byte(text), hit) }), want)
		}
	}
}

func TestExacts(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for range 200 {
		want := map[string][]int32{}
		var all []hashed
		for i := range int32(1 + r.IntN(60)) {
			text := word(r, "abc", 4)
			want[text] = append(want[text], i)
			all = append(all, hashed{textHash(text), i})
		}
		var p postings
		x := newExacts(&p, all)
		for range 100 {
			text := word(r, "abc", 4)
			got := p.all(x.find(hashOf([]byte(text))))
			if !slices.Equal(got, want[text]) {
				t.Fatalf("%q: found %v, want %v", text, got, want[text])
			}
		}
	}
}

func TestBlocks(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	address := func(six bool) netip.Addr {
		if six {
			return netip.AddrFrom16([16]byte{0x20, 1, byte(r.IntN(2)), 15: byte(r.IntN(4)), 8: byte(r.IntN(2))})
		}
		return netip.AddrFrom4([4]byte{10, byte(r.IntN(2)), byte(r.IntN(2)), byte(r.IntN(4))})
	}
	for i := range 200 {
		six := i%2 == 0
		refs := map[netip.Prefix]ref{}
		for i := range 1 + r.IntN(30) {
			a := address(six)
			net, err := a.Prefix(r.IntN(a.BitLen() + 1))
			if err != nil {
				t.Fatal(err)
			}
			refs[net] = ref(i + 1)
		}
		b := newBlocks(refs)
		for range 30 {
			a := address(six)
			var want []ref
			for net, at := range refs {
				if net.Contains(a) {
					want = append(want, at)
				}
			}
			expect(t, a.String(), found(func(hit func(ref)) { b.find(a, hit) }), want)
		}
	}
}

func TestRanges(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for range 300 {
		var all []ranged
		for i := range int32(1 + r.IntN(40)) {
			s := span{float64(r.IntN(30)), math.Inf(1)}
			if r.IntN(8) > 0 {
				s.high = s.low + float64(r.IntN(12)-2) // some hold nothing
			}
			all = append(all, ranged{s, i})
		}
		var p postings
		s := newRanges(&p, all)
		for x := -1.0; x < 45; x += 0.5 {
			var got, want []int32
			for _, one := range all {
				if one.low <= x && x <= one.high {
					want = append(want, one.conjunction)
				}
			}
			s.find(x, func(at ref) { got = append(got, p.all(at)...) })
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Fatalf("%v: found %v, want %v", x, got, want)
			}
		}
	}
}

func TestGrams(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 200 {
		refs := map[int]map[uint64]ref{}
		pieces := map[string]ref{} // the gram itself
		for i := range 1 + r.IntN(30) {
			piece := word(r, "ab\x00", 10) + "a"
			n := gramSize(piece)
			var grams []uint64
			gramsOf(piece, func(g uint64) { grams = append(grams, g) })
			at := r.IntN(len(grams))
			if pieces[piece[at:at+n]] != 0 {
				continue
			}
			if refs[n] == nil {
				refs[n] = map[uint64]ref{}
			}
			refs[n][grams[at]] = ref(i + 1)
			pieces[piece[at:at+n]] = ref(i + 1)
		}
		g := newGrams(refs)
		for range 40 {
			text := word(r, "ab\x00", 20)
			var want []ref
			for piece, at := range pieces {
				if strings.Contains(text, piece) {
					want = append(want, at)
				}
			}
			expect(t, fmt.Sprintf("%q", text), found(func(hit func(ref)) { g.find([]byte(text), hit) }), want)
		}
	}
}

// TestStampsBeginAgain: a matching that has seen four billion leaves forgets what it has
// dealt with.
func TestStampsBeginAgain(t *testing.T) {
	x := &matching{}
	x.stamps = [][]uint32{{1, 2, 3}}
	x.lastStamp = math.MaxUint32 - 1
	x.nextStamp()
	if x.eventStamp != 1 || x.elementStamp != 1 || x.stamps[0] != nil {
		t.Errorf("stamps %d, %d; marks %v", x.eventStamp, x.elementStamp, x.stamps)
	}
}
