package otlp

import (
	"encoding/binary"
	"hash/maphash"
	"math"
	"slices"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/metrics"
)

// Key names a series of running totals; it is the same for each of its points in this
// process.
type Key uint64

// Running is one point of a series of running totals.
type Running struct {
	key   Key
	kind  messageID
	datum metrics.Datum
	point *point
}

// Key names the series.
func (r *Running) Key() Key { return r.key }

// Total is a series as of one point: what the next one is compared with. It holds
// nothing of the request.
type Total struct {
	start, at uint64
	isInt     bool
	value     uint64 // as in point
	count     uint64
	sum       float64
	buckets   []bucket
}

// Size is about how many bytes it takes.
func (t *Total) Size() int { return 96 + 24*cap(t.buckets) }

// Since makes data of what came to the series since an earlier point of it, and says
// what is to be remembered for the next one: that point, or last if this one is not later.
//
// A series that began anew, because its start is another or its total fell, counts from
// its beginning. So does one that nothing is known of (last is nil) if it began after
// watching did. Of any other first point there is no telling how much is new: it makes
// no data.
func (r *Running) Since(last *Total, watching time.Time) ([]metrics.Datum, *Total) {
	p := *r.point
	next := &Total{start: p.start, at: p.time, isInt: p.isInt, value: p.value, count: p.count, sum: p.sum, buckets: slices.Clone(p.buckets)}
	switch {
	case last == nil:
		if p.start < uint64(watching.UnixNano()) {
			return nil, next
		}
	case p.time <= last.at && p.time > 0:
		return nil, last
	case p.start == last.start:
		p.subtract(last)
	}
	return p.data(r.datum, r.kind), next
}

// subtract takes an earlier total away; a total that fell began anew and stays whole.
func (p *point) subtract(last *Total) {
	switch {
	case p.hasOne && p.isInt && last.isInt:
		if now, before := int64(p.value), int64(last.value); now >= before {
			p.value = uint64(now - before)
		}
	case p.hasOne:
		if now, before := float(p.value, p.isInt), float(last.value, last.isInt); now >= before {
			p.value, p.isInt = math.Float64bits(now-before), false
		}
	case p.count >= last.count:
		p.count -= last.count
		p.sum -= last.sum
		p.hasMin, p.hasMax = false, false // those were since the start
		p.buckets = without(p.buckets, last.buckets)
	}
}

func float(bits uint64, isInt bool) float64 {
	if isInt {
		return float64(int64(bits))
	}
	return math.Float64frombits(bits)
}

// without takes the counts of earlier buckets away. An exponential histogram may have
// become coarser, so an earlier bucket lies in one of now; if it does not, how the
// samples are spread is not known, and there are no buckets.
func without(now, before []bucket) []bucket {
	left := slices.Clone(now)
	i := 0
	for _, b := range before {
		for i < len(left) && left[i].high < b.high {
			i++
		}
		if i == len(left) || left[i].low > b.low || left[i].count < b.count {
			return nil
		}
		left[i].count -= b.count
	}
	return slices.DeleteFunc(left, func(b bucket) bool { return b.count == 0 })
}

var keySeed = maphash.MakeSeed()

// key hashes what makes a series: its resource, scope, name, unit, kind and attributes.
func (f *metricFields) key(p *point) Key {
	var h maphash.Hash
	h.SetSeed(keySeed)
	attributes := p.attributes.unique()
	slices.SortFunc(attributes, func(a, b attribute) int { return slices.Compare(a.key, b.key) })
	for _, part := range [][]byte{f.from.resourceJS, []byte(f.from.scopeName), []byte(f.name), []byte(f.unit), {byte(f.kind)}, attributes.appendJSON(nil)} {
		var length [8]byte
		binary.LittleEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write(part)
	}
	return Key(h.Sum64())
}
