package awswire

import (
	"encoding/binary"
	"math"
	"strconv"
	"unicode/utf8"
)

// CBOR's major types (RFC 8949, section 3.1) and the values that matter here.
const (
	cborUint = iota
	cborNegative
	cborBytes
	cborText
	cborArray
	cborMap
	cborTag
	cborSimple
)

const (
	cborFalse      = 20
	cborTrue       = 21
	cborNull       = 22
	cborUndefined  = 23
	cborFloat16    = 25
	cborFloat32    = 26
	cborFloat64    = 27
	cborIndefinite = 31
	cborEpoch      = 1 // the tag of seconds since 1970
)

type cborReader struct {
	b []byte
	i int
}

// cborHead begins every value.
type cborHead struct {
	major, info byte
	arg         uint64
}

func (h cborHead) indefinite() bool { return h.info == cborIndefinite }

func (h cborHead) isNull() bool {
	return h.major == cborSimple && (h.info == cborNull || h.info == cborUndefined)
}

// kind names what a value is, for messages.
func (h cborHead) kind() string {
	switch h.major {
	case cborUint, cborNegative:
		return "a number"
	case cborBytes:
		return "bytes"
	case cborText:
		return "a string"
	case cborArray:
		return "a list"
	case cborMap:
		return "an object"
	case cborTag:
		return "a tagged value"
	}
	switch h.info {
	case cborFalse, cborTrue:
		return "true or false"
	case cborFloat16, cborFloat32, cborFloat64:
		return "a number"
	}
	return "a simple value"
}

func (r *cborReader) broken(reason string) error {
	return serialization("the body is not CBOR this service takes: at byte %d: %s", r.i, reason)
}

func (r *cborReader) head() (h cborHead, err error) {
	if r.i >= len(r.b) {
		return h, r.broken("it ends where a value is needed")
	}
	h.major, h.info = r.b[r.i]>>5, r.b[r.i]&31
	r.i++
	switch {
	case h.info < 24:
		h.arg = uint64(h.info)
	case h.info <= 27:
		n := 1 << (h.info - 24)
		if len(r.b)-r.i < n {
			return h, r.broken("it ends in the middle of a number")
		}
		var eight [8]byte
		copy(eight[8-n:], r.b[r.i:])
		h.arg = binary.BigEndian.Uint64(eight[:])
		r.i += n
	case h.indefinite() && (h.major >= cborBytes && h.major <= cborMap || h.major == cborSimple):
	default:
		return h, r.broken("no value starts like this")
	}
	return h, nil
}

// more says whether another item follows in a list or map of n items, of which i were
// read; an indefinite one ends with a break.
func (r *cborReader) more(h cborHead, i uint64) (bool, error) {
	if !h.indefinite() {
		return i < h.arg, nil
	}
	if r.i >= len(r.b) {
		return false, r.broken("it ends in the middle of a list or map")
	}
	if r.b[r.i] == cborSimple<<5|cborIndefinite {
		r.i++
		return false, nil
	}
	return true, nil
}

// text reads a string after its head.
func (r *cborReader) text(h cborHead) (string, error) {
	b, err := r.chunks(h)
	if err == nil && !utf8.Valid(b) {
		err = r.broken("a string is not UTF-8")
	}
	return string(b), err
}

// chunks reads a string or bytes after its head; an indefinite one comes in pieces.
func (r *cborReader) chunks(h cborHead) ([]byte, error) {
	if !h.indefinite() {
		return r.take(h.arg)
	}
	whole := []byte{}
	for {
		more, err := r.more(h, 0)
		if err != nil || !more {
			return whole, err
		}
		piece, err := r.head()
		if err != nil {
			return nil, err
		}
		if piece.major != h.major || piece.indefinite() {
			return nil, r.broken("a string has a piece that is " + piece.kind())
		}
		b, err := r.take(piece.arg)
		if err != nil {
			return nil, err
		}
		whole = append(whole, b...)
	}
}

func (r *cborReader) take(n uint64) ([]byte, error) {
	if n > uint64(len(r.b)-r.i) {
		return nil, r.broken("it ends in the middle of a string")
	}
	b := r.b[r.i : r.i+int(n)]
	r.i += int(n)
	return b, nil
}

// number is a number's decimal text.
func (h cborHead) number() (text string, ok bool) {
	switch {
	case h.major == cborUint:
		return strconv.FormatUint(h.arg, 10), true
	case h.major == cborNegative && h.arg == math.MaxUint64:
		return "-18446744073709551616", true
	case h.major == cborNegative:
		return "-" + strconv.FormatUint(h.arg+1, 10), true
	case h.major != cborSimple:
		return "", false
	}
	var f float64
	switch h.info {
	case cborFloat16:
		f = float16(uint16(h.arg))
	case cborFloat32:
		f = float64(math.Float32frombits(uint32(h.arg)))
	case cborFloat64:
		f = math.Float64frombits(h.arg)
	default:
		return "", false
	}
	return formatFloat(f), true
}

// float16 widens a half-precision number.
func float16(bits uint16) float64 {
	exponent, fraction := int(bits>>10&31), float64(bits&1023)
	f := math.Ldexp(fraction, -24)
	switch {
	case exponent == 31 && fraction > 0:
		return math.NaN()
	case exponent == 31:
		f = math.Inf(1)
	case exponent > 0:
		f = math.Ldexp(fraction+1024, exponent-25)
	}
	if bits>>15 == 1 {
		return -f
	}
	return f
}
