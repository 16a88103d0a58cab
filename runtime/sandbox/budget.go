package sandbox

import (
	"fmt"
	"time"

	"github.com/tetratelabs/wazero/api"
)

// A guest gets its fuel in slices: at the end of each the host looks at the clock, and
// Go's scheduler and garbage collector get their turn. Slices adapt to how dear a unit is,
// so that one takes between a tenth and a whole millisecond.
const (
	firstSlice = 512 // the dearest unit, 8 KiB of divisions, takes 10 µs
	minSlice   = 16
	maxSlice   = 1 << 20
	shortSlice = 100 * time.Microsecond
	longSlice  = time.Millisecond
)

// budget is what is left of a call's time and fuel.
type budget struct {
	deadline time.Time
	limit    int64 // fuel; 0 is no limit
	used     int64 // in the slices before this one
	slice    int64
	since    time.Time // of this slice
	left     cell      // in the guest
}

// cell is the guest's global that holds the fuel left.
type cell interface {
	Get() uint64
	Set(v uint64)
}

func (b *budget) begin(now time.Time, l limits) {
	b.deadline, b.limit, b.used, b.since = now.Add(l.wall), l.fuel, 0, now
	b.slice = firstSlice
	if b.limit > 0 {
		b.slice = min(b.slice, b.limit)
	}
}

// fill gives the guest its first slice.
func (b *budget) fill() { b.left.Set(api.EncodeI64(b.slice)) }

// spent is all fuel used.
func (b *budget) spent() int64 { return b.used + b.slice - int64(b.left.Get()) }

var refillFunc = hostFunc{params: []api.ValueType{i64}, results: []api.ValueType{i64}, run: refill, free: true}

// refill is called by the checks in the guest's code when a slice is used up.
func refill(i *instance, s []uint64) {
	b := &i.budget
	last, left := b.slice, int64(s[0])
	b.used, b.slice = b.used+last-left, 0
	b.left.Set(0) // should the call end here, nothing is counted twice
	if b.limit > 0 && b.used > b.limit {
		panic(i.exhausted())
	}
	now := time.Now()
	if !now.Before(b.deadline) {
		panic(i.late())
	}
	if err := i.ctx.Err(); err != nil {
		panic(&stop{Timeout, "the engine stopped it: " + err.Error()})
	}
	b.slice = b.next(last, now)
	s[0] = api.EncodeI64(b.slice)
}

// charge takes fuel for what the host does on the guest's behalf.
func (i *instance) charge(units int64) {
	left := int64(i.budget.left.Get()) - units
	if left >= 0 {
		i.budget.left.Set(api.EncodeI64(left))
		return
	}
	tank := [1]uint64{api.EncodeI64(left)}
	refill(i, tank[:])
	i.budget.left.Set(tank[0])
}

// exhausted is what ends a call that has used its fuel.
func (i *instance) exhausted() *stop {
	if p := i.player; p != nil && p.ended != nil {
		return p.ended
	}
	return &stop{Fuel, fmt.Sprintf("it used more than %d units of fuel", i.budget.limit)}
}

func (i *instance) late() *stop {
	return &stop{Timeout, fmt.Sprintf("it ran longer than %v", i.target.limit.time)}
}

// next is the size of the slice after one of size last.
func (b *budget) next(last int64, now time.Time) int64 {
	took := now.Sub(b.since)
	b.since = now
	switch {
	case took > longSlice:
		last /= 2
	case took < shortSlice:
		last *= 2
	}
	last = min(max(last, minSlice), maxSlice)
	if b.limit > 0 {
		last = min(last, b.limit-b.used)
	}
	return last
}
