package awswire

import (
	"encoding/binary"
	"math"
	"reflect"
	"strconv"
	"time"
)

// EncodeCBOR writes what v points to, a struct, as a CBOR map (rpc-v2-cbor).
func EncodeCBOR(v any) []byte { return appendCBOR(nil, reflect.ValueOf(v)) }

// appendHead writes a value's head in its shortest form.
func appendHead(b []byte, major byte, n uint64) []byte {
	major <<= 5
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n <= math.MaxUint8:
		return append(b, major|24, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, major|27), n)
}

func appendText(b []byte, s string) []byte {
	return append(appendHead(b, cborText, uint64(len(s))), s...)
}

func appendCBOR(b []byte, v reflect.Value) []byte {
	v = unpointer(v)
	if !v.IsValid() {
		return append(b, cborSimple<<5|cborNull)
	}
	switch v.Type() {
	case timeType:
		return appendEpoch(b, v.Interface().(time.Time))
	case bytesType:
		return append(appendHead(b, cborBytes, uint64(v.Len())), v.Bytes()...)
	case numberType:
		f, _ := strconv.ParseFloat(v.String(), 64) // beyond the range it is an infinity
		return appendFloat(b, f)
	}
	switch v.Kind() {
	case reflect.Struct:
		return appendCBORStruct(b, v)
	case reflect.Map:
		b = appendHead(b, cborMap, uint64(v.Len()))
		for _, key := range sortedKeys(v) {
			b = appendCBOR(appendText(b, key.String()), v.MapIndex(key))
		}
		return b
	case reflect.Slice:
		b = appendHead(b, cborArray, uint64(v.Len()))
		for i := range v.Len() {
			b = appendCBOR(b, v.Index(i))
		}
		return b
	case reflect.String:
		return appendText(b, v.String())
	}
	return appendCBORScalar(b, v)
}

func appendCBORStruct(b []byte, v reflect.Value) []byte {
	members := planOf(v.Type()).members
	n := uint64(0)
	for _, m := range members {
		if given(v.Field(m.index), m.omitEmpty) {
			n++
		}
	}
	b = appendHead(b, cborMap, n)
	for _, m := range members {
		if f := v.Field(m.index); given(f, m.omitEmpty) {
			b = appendCBOR(appendText(b, m.json), f)
		}
	}
	return b
}

func appendCBORScalar(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			return append(b, cborSimple<<5|cborTrue)
		}
		return append(b, cborSimple<<5|cborFalse)
	case reflect.Float64:
		return appendFloat(b, v.Float())
	case reflect.Int, reflect.Int32, reflect.Int64:
		if n := v.Int(); n < 0 {
			return appendHead(b, cborNegative, uint64(-(n + 1)))
		}
		return appendHead(b, cborUint, uint64(v.Int()))
	}
	panic("BUG: awswire knows no field of type " + v.Type().String())
}

func appendFloat(b []byte, f float64) []byte {
	return binary.BigEndian.AppendUint64(append(b, cborSimple<<5|cborFloat64), math.Float64bits(f))
}

// appendEpoch writes seconds since 1970 under their tag; a float only if it must be.
func appendEpoch(b []byte, t time.Time) []byte {
	b = appendHead(b, cborTag, cborEpoch)
	ms := t.UnixMilli()
	if ms%1000 == 0 && ms >= 0 {
		return appendHead(b, cborUint, uint64(ms/1000))
	}
	return appendFloat(b, float64(ms)/1000)
}
