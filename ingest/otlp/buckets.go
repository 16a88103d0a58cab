package otlp

import (
	"errors"
	"fmt"
	"math"
)

// explicitBuckets are those of a histogram with bounds. The first begins at minus
// infinity, the last ends at infinity.
func (p *point) explicitBuckets(counts, bounds []uint64) {
	if len(counts) == 0 { // only the count and the sum are known
		return
	}
	if len(counts) != len(bounds)+1 {
		p.broken = fmt.Errorf("it has %d bucketCounts for %d explicitBounds; write one more than bounds", len(counts), len(bounds))
		return
	}
	low := math.Inf(-1)
	for i, n := range counts {
		high := math.Inf(1)
		if i < len(bounds) {
			high = math.Float64frombits(bounds[i])
		}
		if !(high > low) {
			p.broken = errors.New("its explicitBounds do not rise")
			return
		}
		if n > 0 {
			p.buckets = append(p.buckets, bucket{low, high, n})
		}
		low = high
	}
	p.checkCount()
}

// checkCount makes sure that the buckets hold what the point counts.
func (p *point) checkCount() {
	var total uint64
	for _, b := range p.buckets {
		total += b.count
	}
	if p.broken == nil && total != p.count {
		p.broken = fmt.Errorf("its count is %d, its bucketCounts hold %d", p.count, total)
	}
}

// exponential are the buckets of an exponential histogram as they stand in it.
type exponential struct {
	scale              int32
	zeros              uint64
	positive, negative message
}

// exponentialBuckets orders them by value: negative ones, zero, positive ones.
func (p *point) exponentialBuckets(e exponential) {
	negative, err := e.side(e.negative)
	positive, err2 := e.side(e.positive)
	if p.broken = errors.Join(err, err2); p.broken != nil {
		return
	}
	for i := len(negative) - 1; i >= 0; i-- {
		b := negative[i]
		p.buckets = append(p.buckets, bucket{-b.high, -b.low, b.count})
	}
	if e.zeros > 0 {
		p.buckets = append(p.buckets, bucket{0, 0, e.zeros})
	}
	p.buckets = append(p.buckets, positive...)
	p.checkCount()
}

// side reads the buckets on one side of zero, by their distance from it.
func (e exponential) side(m message) ([]bucket, error) {
	var offset int32
	var counts []uint64
	for n, v := range m.fields(buckets) {
		if n == 1 {
			offset = v.sint32()
		} else {
			counts = v.uints(counts, kindVarints)
		}
	}
	var found []bucket
	for i, n := range counts {
		if n == 0 {
			continue
		}
		at := int64(offset) + int64(i)
		b := bucket{e.boundary(at), e.boundary(at + 1), n}
		if !(b.high > b.low) || math.IsInf(b.low, 1) {
			return nil, fmt.Errorf("at scale %d no float64 lies in its bucket %d", e.scale, at)
		}
		b.high = min(b.high, math.MaxFloat64)
		found = append(found, b)
	}
	return found, nil
}

// boundary is base^index, where base is 2^(2^-scale).
func (e exponential) boundary(index int64) float64 {
	return math.Exp2(math.Ldexp(float64(index), -int(e.scale)))
}
