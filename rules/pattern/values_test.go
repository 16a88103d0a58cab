package pattern

import (
	"math"
	"math/big"
	"net/netip"
	"regexp"
	"strings"
	"testing"
)

// exactly is the value that a number's text stands for, after decision D2.
func exactly(text string) (*big.Rat, bool) {
	r, ok := new(big.Rat).SetString(text)
	if ok && r.IsInt() {
		low, high := new(big.Int).Lsh(big.NewInt(-1), 63), new(big.Int).Lsh(big.NewInt(1), 64)
		if r.Num().Cmp(low) >= 0 && r.Num().Cmp(high) < 0 {
			return r, true
		}
	}
	f, _ := r.Float64()
	if math.IsInf(f, 0) {
		return nil, false
	}
	return new(big.Rat).SetFloat64(f), true
}

var numbers = []string{
	"0", "-0", "0.0", "-0.0e5", "0e99", "1", "-1", "300", "300.0", "3.0e2", "3E+2", "30000e-2", "0.1", "0.10",
	"0.1000000000000000055511151231257827", "0.30000000000000004", "1.5", "-1.5", "-122.123456789012", "123456789.012345", "0.000000000000001", "1.00000000000000", "-0.00", "4503599627370496.5",
	"9007199254740991", "9007199254740992", "9007199254740993", "9007199254740993.0", "9007199254740992.5", "900719925474099300e-2",
	"9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "-9223372036854775810",
	"18446744073709551614", "18446744073709551615", "18446744073709551615.0", "18446744073709551616", "1844674407370955161500e-2",
	"123456789012345678901234567890", "1.2345678901234567890123456789e29", "1e308", "-1e308", "1e-400", "5e-324", "1e19", "1e20", "-1e19",
}

func TestNumbers(t *testing.T) {
	for _, a := range numbers {
		for _, b := range numbers {
			x, y := ParseNumber([]byte(a)), ParseNumber([]byte(b))
			p, _ := exactly(a)
			q, _ := exactly(b)
			if got, want := x.Compare(y), p.Cmp(q); got != want {
				t.Errorf("%s compared with %s: %d, want %d", a, b, got, want)
			}
			if (x == y) != (p.Cmp(q) == 0) {
				t.Errorf("%s == %s: %v", a, b, x == y)
			}
		}
	}
	if ParseNumber([]byte("1e309")).Finite() || !ParseNumber([]byte("18446744073709551616")).Finite() {
		t.Error("Finite is wrong")
	}
	if ParseNumber([]byte("1e309")) != ParseNumber([]byte("1e400")) || ParseNumber([]byte("-1e309")).Compare(ParseNumber([]byte("1e309"))) >= 0 {
		t.Error("infinities do not compare as doubles")
	}
}

func FuzzNumber(f *testing.F) {
	for i, s := range numbers {
		f.Add(s, numbers[(i*7+3)%len(numbers)])
	}
	number := regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$`)
	f.Fuzz(func(t *testing.T, a, b string) {
		if !number.MatchString(a) || !number.MatchString(b) || len(a)+len(b) > 200 {
			return
		}
		p, ok := exactly(a)
		q, okB := exactly(b)
		if !ok || !okB {
			return
		}
		x, y := ParseNumber([]byte(a)), ParseNumber([]byte(b))
		if x.Compare(y) != p.Cmp(q) || (x == y) != (p.Cmp(q) == 0) {
			t.Errorf("%s and %s: Compare %d, equal %v; want %d", a, b, x.Compare(y), x == y, p.Cmp(q))
		}
	})
}

func TestFold(t *testing.T) {
	for _, same := range [][]string{{"straße", "STRAßE", "STRAẞE"}, {"k", "K", "\u212a"}, {"σ", "Σ", "ς"}, {"s", "S", "ſ"}, {"𐐀", "𐐨"}, {"é", "É"}} {
		for _, a := range same {
			for _, b := range same {
				if Fold(a) != Fold(b) || !strings.EqualFold(a, b) {
					t.Errorf("%q and %q fold to %q and %q", a, b, Fold(a), Fold(b))
				}
			}
		}
	}
	for _, different := range [][2]string{{"ß", "SS"}, {"i", "İ"}, {"i", "ı"}, {"é", "e\u0301"}} {
		if Fold(different[0]) == Fold(different[1]) {
			t.Errorf("%q and %q fold to the same", different[0], different[1])
		}
	}
}

// FuzzFold: folding decides like strings.EqualFold, piece by piece too.
func FuzzFold(f *testing.F) {
	f.Add("Straße", "sTRASSE", 3)
	f.Add("\u212a", "k", 1)
	f.Fuzz(func(t *testing.T, a, b string, cut int) {
		a, b = strings.ToValidUTF8(a, ""), strings.ToValidUTF8(b, "")
		if got, want := Fold(a) == Fold(b), strings.EqualFold(a, b); got != want {
			t.Errorf("%q and %q: folded equal %v, want %v", a, b, got, want)
		}
		if Fold(Fold(a)) != Fold(a) {
			t.Errorf("folding %q twice changes it", a)
		}
		if cut < 0 || cut > len(a) {
			return
		}
		head, tail := Fold(strings.ToValidUTF8(a[:cut], "")), Fold(strings.ToValidUTF8(a[cut:], ""))
		if head+tail != Fold(a) {
			return // cut within a character
		}
		if _, ok := cutFolded([]byte(a), head); !ok || !hasFoldedSuffix([]byte(a), tail) {
			t.Errorf("%q begins with %q: %v, ends with %q: %v", a, head, ok, tail, hasFoldedSuffix([]byte(a), tail))
		}
	})
}

// FuzzWildcard: a wildcard matches like the regular expression it stands for.
func FuzzWildcard(f *testing.F) {
	for _, s := range [][2]string{{"a*b", "axb"}, {"*", ""}, {"", ""}, {`a*\*b`, "axx*b"}, {"a*a", "a"}, {"*é*", "caféx"}, {"a**b", "ab"}, {`x\`, "x"}, {"*ab*ab*", "abxab\n"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		pattern, text = strings.ToValidUTF8(pattern, ""), strings.ToValidUTF8(text, "")
		w, at := parseWildcard(pattern)
		if at >= 0 {
			if !strings.Contains(pattern, "**") && !strings.Contains(pattern, `\`) {
				t.Errorf("%q is refused at %d", pattern, at)
			}
			return
		}
		if len(pattern) > 100 {
			return
		}
		for i, piece := range w.Pieces {
			w.Pieces[i] = regexp.QuoteMeta(piece)
		}
		re := regexp.MustCompile(`(?s)^` + strings.Join(w.Pieces, ".*") + `$`)
		w, _ = parseWildcard(pattern)
		if got, want := w.match([]byte(text)), re.MatchString(text); got != want {
			t.Errorf("%q matches %q: %v, want %v", pattern, text, got, want)
		}
	})
}

// FuzzParseAddress: an address is what netip takes for one, but for zones and for IPv4
// inside of IPv6 with dots.
func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"10.0.0.1", "010.0.0.1", "1.2.3", "1.2.3.", ".1.2.3", "1..2.3", "256.1.1.1", "0.0.0.0", "1.2.3.4.5", "00.0.0.0",
		"::1", "::ffff:a00:1", "::ffff:10.0.0.1", "fe80::1%eth0", "1:2:3:4:5:6:7:8", "", "abcd"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, err := netip.ParseAddr(s)
		mixed := strings.Contains(s, ":") && strings.Contains(s, ".")
		got, ok := ParseAddress([]byte(s))
		if ok != (err == nil && !mixed && want.Zone() == "") || ok && got != want.Unmap() {
			t.Errorf("ParseAddress(%q) = %v, %v; netip says %v, %v", s, got, ok, want, err)
		}
	})
}
