package memory

import (
	"cmp"
	"slices"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// graveyard holds the dead letters in the order of their ids.
type graveyard struct {
	letters []store.DeadLetter
	last    store.DeadLetterID
	lost    uint64
	bytes   int64
}

func (g *graveyard) add(d store.DeadLetter, limit int64) {
	g.last++
	d.ID = g.last
	g.letters = append(g.letters, d)
	g.bytes += letterSize(d)
	for g.bytes > limit && len(g.letters) > 1 {
		g.bytes -= letterSize(g.letters[0])
		g.letters = g.letters[1:]
		g.lost++
	}
}

func (g *graveyard) forget(ids []store.DeadLetterID) {
	if len(ids) > 0 {
		g.deleteFunc(func(d store.DeadLetter) bool { return slices.Contains(ids, d.ID) })
	}
}

func (g *graveyard) trim(before time.Time) {
	g.deleteFunc(func(d store.DeadLetter) bool { return d.Died.Before(before) })
}

func (g *graveyard) deleteFunc(gone func(store.DeadLetter) bool) {
	g.letters = slices.DeleteFunc(g.letters, func(d store.DeadLetter) bool {
		if !gone(d) {
			return false
		}
		g.bytes -= letterSize(d)
		return true
	})
}

func (g *graveyard) of(seq store.Seq) []store.DeadLetter {
	var out []store.DeadLetter
	for _, d := range g.letters {
		if d.Entry.Seq == seq {
			out = append(out, d)
		}
	}
	slices.SortStableFunc(out, func(a, b store.DeadLetter) int {
		return cmp.Or(cmp.Compare(a.Target, b.Target), cmp.Compare(a.Rule, b.Rule))
	})
	return out
}

func (g *graveyard) page(target string, after store.DeadLetterID, n int) []store.DeadLetter {
	from, _ := slices.BinarySearchFunc(g.letters, after+1, func(d store.DeadLetter, id store.DeadLetterID) int {
		return cmp.Compare(d.ID, id)
	})
	var out []store.DeadLetter
	for _, d := range g.letters[from:] {
		if len(out) == n {
			break
		}
		if target == "" || d.Target == target {
			out = append(out, d)
		}
	}
	return out
}

func letterSize(d store.DeadLetter) int64 { return size(d.Entry) + int64(len(d.Message)) }
