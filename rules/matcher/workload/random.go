package workload

import "math"

// random is splitmix64: small, and the same everywhere for ever.
type random uint64

func (r *random) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	return mix(uint64(*r))
}

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number from 0 to n-1.
func (r *random) below(n int) int { return int(r.next() % uint64(n)) }

// logarithmic returns a number from 0 to n-1, small ones far more often.
func (r *random) logarithmic(n int) int {
	u := float64(r.next()>>11) / (1 << 53)
	return min(n-1, int(math.Exp(u*math.Log(float64(n)))))
}

const letters = "abcdefghijklmnopqrstuvwxyz0123456789"

// word returns n letters and digits.
func (r *random) word(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[r.below(len(letters))]
	}
	return string(b)
}
