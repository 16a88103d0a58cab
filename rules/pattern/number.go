package pattern

import (
	"cmp"
	"math"
	"math/bits"
	"strconv"
	"unsafe"
)

// Number is a JSON number as patterns compare it (decision D2): an integer between
// -2^63 and 2^64 is exact however it is spelled, any other number is its nearest
// double. Equal numbers are ==, so a Number can be a map's key.
type Number struct {
	// An integer is its sign and magnitude; double is 0 then.
	integer, negative bool
	magnitude         uint64
	double            float64
}

// ParseNumber reads a JSON number's text.
func ParseNumber(text []byte) Number {
	if n, ok := plainInteger(text); ok {
		return n
	}
	if n, ok := shortDecimal(text); ok {
		return n
	}
	if n, ok := spelledInteger(text); ok {
		return n
	}
	// ParseFloat keeps its argument in an error only; a text that is JSON has none
	// but "out of range", which comes with the infinity that is wanted.
	f, _ := strconv.ParseFloat(unsafe.String(unsafe.SliceData(text), len(text)), 64)
	return NumberOf(f)
}

// Finite says whether n is not beyond all doubles.
func (n Number) Finite() bool { return n.integer || !math.IsInf(n.double, 0) }

// Compare orders numbers by their value: -1, 0 or +1.
func (n Number) Compare(m Number) int {
	if n == m {
		return 0
	}
	if n.integer && m.integer {
		return compareIntegers(n, m)
	}
	if n.integer {
		return -compareDouble(m.double, n)
	}
	if m.integer {
		return compareDouble(n.double, m)
	}
	return cmp.Compare(n.double, m.double)
}

// compareDouble compares a double that is no integer in range with one that is. Beyond
// the range its sign decides. Within it the double has a fraction, so it is below
// 2^53, and rounding the integer cannot carry it past the double.
func compareDouble(f float64, n Number) int {
	if f >= 1<<64 {
		return 1
	}
	if f < -(1 << 63) {
		return -1
	}
	return cmp.Compare(f, n.Float())
}

// Float is n as a double, rounded if it must be; it keeps the order of numbers.
func (n Number) Float() float64 {
	if !n.integer {
		return n.double
	}
	f := float64(n.magnitude)
	if n.negative {
		return -f
	}
	return f
}

func compareIntegers(n, m Number) int {
	switch {
	case n.negative != m.negative:
		if n.negative {
			return -1
		}
		return 1
	case n.negative:
		return cmp.Compare(m.magnitude, n.magnitude)
	}
	return cmp.Compare(n.magnitude, m.magnitude)
}

// integerOf makes an integer, unless it is out of range; there is one zero.
func integerOf(negative bool, magnitude uint64) (Number, bool) {
	if negative && magnitude > 1<<63 {
		return Number{}, false
	}
	return Number{integer: true, negative: negative && magnitude != 0, magnitude: magnitude}, true
}

// plainInteger reads digits without point and exponent, the usual spelling.
func plainInteger(text []byte) (Number, bool) {
	negative := len(text) > 0 && text[0] == '-'
	digits := text
	if negative {
		digits = text[1:]
	}
	if len(digits) == 0 || len(digits) > 19 { // 19 digits never overflow
		return Number{}, false
	}
	var m uint64
	for _, c := range digits {
		if c < '0' || c > '9' {
			return Number{}, false
		}
		m = m*10 + uint64(c-'0')
	}
	return integerOf(negative, m)
}

var powersOfTen = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// shortDecimal reads a number with a point and without exponent, the usual spelling of
// what is no integer. With at most 15 digits both the digits and the power of ten are
// exact doubles, so that one division rounds as ParseFloat does.
func shortDecimal(text []byte) (Number, bool) {
	negative := len(text) > 0 && text[0] == '-'
	digits := text
	if negative {
		digits = text[1:]
	}
	if len(digits) > 16 {
		return Number{}, false
	}
	var m uint64
	point := -1
	for i, c := range digits {
		switch {
		case c == '.':
			point = i
		case c < '0' || c > '9':
			return Number{}, false
		default:
			m = m*10 + uint64(c-'0')
		}
	}
	if point < 0 {
		return Number{}, false
	}
	f := float64(m) / powersOfTen[len(digits)-1-point]
	if negative {
		f = -f
	}
	return NumberOf(f), true
}

// spelledInteger reads any spelling of an integer in range: 300.0, 3.0e2, 20 digits.
func spelledInteger(text []byte) (Number, bool) {
	mantissa, exponent := splitExponent(text)
	negative := mantissa[0] == '-'
	var m uint64
	zeros, point := 0, false // zeros are held back: they may be behind the point
	shift := exponent
	for _, c := range mantissa {
		switch {
		case c == '-':
			continue
		case c == '.':
			point = true
			continue
		case point:
			shift--
		}
		if c == '0' {
			zeros++
			continue
		}
		var ok bool
		if m, ok = shiftLeft(m, zeros+1); !ok {
			return Number{}, false
		}
		var carry uint64
		m, carry = bits.Add64(m, uint64(c-'0'), 0)
		if carry != 0 {
			return Number{}, false
		}
		zeros = 0
	}
	if m == 0 {
		return Number{integer: true}, true
	}
	if shift += zeros; shift < 0 {
		return Number{}, false
	}
	m, ok := shiftLeft(m, shift)
	if !ok {
		return Number{}, false
	}
	return integerOf(negative, m)
}

// shiftLeft multiplies by ten n times and says whether it fits.
func shiftLeft(m uint64, n int) (uint64, bool) {
	for ; n > 0 && m != 0; n-- {
		hi, lo := bits.Mul64(m, 10)
		if hi != 0 {
			return 0, false
		}
		m = lo
	}
	return m, true
}

// splitExponent cuts a number at its e; an exponent too long to count is huge.
func splitExponent(text []byte) (mantissa []byte, exponent int) {
	for i, c := range text {
		if c != 'e' && c != 'E' {
			continue
		}
		e, negative := 0, false
		for _, d := range text[i+1:] {
			switch {
			case d == '-':
				negative = true
			case d >= '0' && d <= '9' && e < 1<<40:
				e = e*10 + int(d-'0')
			}
		}
		if negative {
			e = -e
		}
		return text[:i], e
	}
	return text, 0
}

// NumberOf takes a double; if it is an integer in range it becomes that integer, so
// that equal numbers look alike.
func NumberOf(f float64) Number {
	if f == math.Trunc(f) && f >= -(1<<63) && f < 1<<64 {
		n, _ := integerOf(f < 0, uint64(math.Abs(f)))
		return n
	}
	return Number{double: f}
}
