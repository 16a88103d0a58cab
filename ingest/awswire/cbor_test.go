package awswire

import (
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

func TestCBORWritesAndReads(t *testing.T) {
	in := full()
	raw := EncodeCBOR(&in)
	var out everything
	if err := DecodeCBOR(raw, &out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(full(), out); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

type cborCase struct {
	Int   int64
	Float float64
	Text  string
	Yes   bool
	Blob  []byte
	At    time.Time
	List  []string
	Map   map[string]int
}

// The bytes are examples of RFC 8949, appendix A, as the value of one member.
func TestDecodeCBOR(t *testing.T) {
	at := time.Unix(1363896240, 500_000_000).UTC()
	for _, tc := range []struct {
		member, hex string
		want        cborCase
	}{
		{"Int", "00", cborCase{}},
		{"Int", "17", cborCase{Int: 23}},
		{"Int", "1818", cborCase{Int: 24}},
		{"Int", "1903e8", cborCase{Int: 1000}},
		{"Int", "1a000f4240", cborCase{Int: 1000000}},
		{"Int", "1b000000e8d4a51000", cborCase{Int: 1000000000000}},
		{"Int", "20", cborCase{Int: -1}},
		{"Int", "3903e7", cborCase{Int: -1000}},
		{"Float", "f93e00", cborCase{Float: 1.5}},
		{"Float", "f97bff", cborCase{Float: 65504}},
		{"Float", "f90001", cborCase{Float: 5.960464477539063e-8}},
		{"Float", "f9c400", cborCase{Float: -4}},
		{"Float", "fa47c35000", cborCase{Float: 100000}},
		{"Float", "fb3ff199999999999a", cborCase{Float: 1.1}},
		{"Float", "1903e8", cborCase{Float: 1000}},
		{"Float", "1bffffffffffffffff", cborCase{Float: math.MaxUint64}},
		{"Yes", "f5", cborCase{Yes: true}},
		{"Yes", "f4", cborCase{}},
		{"Yes", "f6", cborCase{}},
		{"Yes", "f7", cborCase{}},
		{"Text", "62c3bc", cborCase{Text: "ü"}},
		{"Text", "7f657374726561646d696e67ff", cborCase{Text: "streaming"}},
		{"Blob", "4401020304", cborCase{Blob: []byte{1, 2, 3, 4}}},
		{"Blob", "5f42010243030405ff", cborCase{Blob: []byte{1, 2, 3, 4, 5}}},
		{"At", "c11a514b67b0", cborCase{At: time.Unix(1363896240, 0).UTC()}},
		{"At", "c1fb41d452d9ec200000", cborCase{At: at}},
		{"At", "1a514b67b0", cborCase{At: time.Unix(1363896240, 0).UTC()}},
		{"List", "80", cborCase{List: []string{}}},
		{"List", "9f61616162ff", cborCase{List: []string{"a", "b"}}},
		{"Map", "bf6161016162f6ff", cborCase{Map: map[string]int{"a": 1}}},
		{"Unknown", "bf61619f018202039f0405ffffff", cborCase{}},
		{"Unknown", "c074323031332d30332d32315432303a30343a30305a", cborCase{}},
	} {
		t.Run(tc.member+" "+tc.hex, func(t *testing.T) {
			value, err := hex.DecodeString(tc.hex)
			if err != nil {
				t.Fatal(err)
			}
			raw := append(appendText([]byte{cborMap<<5 | 1}, tc.member), value...)
			var got cborCase
			if err := DecodeCBOR(raw, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeCBORRefuses(t *testing.T) {
	one := func(member, value string) string {
		return hex.EncodeToString(appendText([]byte{cborMap<<5 | 1}, member)) + value
	}
	for _, tc := range []struct{ name, hex, want string }{
		{"a list", "80", "the body: write an object, not a list"},
		{"more behind", "a000", "1 bytes behind"},
		{"cut off", "a1", "ends where a value is needed"},
		{"cut string", one("Text", "63"), "in the middle of a string"},
		{"cut number", one("Int", "19"), "in the middle of a number"},
		{"cut list", one("List", "9f"), "in the middle of a list"},
		{"huge string", one("Text", "7bffffffffffffffff"), "in the middle of a string"},
		{"huge list", one("List", "9bffffffffffffffff"), "ends where a value is needed"},
		{"reserved", one("Text", "1c"), "no value starts like this"},
		{"indefinite number", one("Int", "1f"), "no value starts like this"},
		{"break alone", one("Unknown", "ff"), "a break stands"},
		{"name no string", "a10000", "a name must be a string, not a number"},
		{"name twice", "a2" + "6141" + "00" + "6141" + "00", `the name "A" stands twice`},
		{"text for a number", one("Int", "6161"), "Int: write a number, not a string"},
		{"number for text", one("Text", "00"), "Text: write a string, not a number"},
		{"number for a bool", one("Yes", "01"), "Yes: write true or false, not a number"},
		{"text for bytes", one("Blob", "6161"), "Blob: write bytes, not a string"},
		{"object for a list", one("List", "a0"), "List: write a list, not an object"},
		{"list for an object", one("Map", "80"), "Map: write an object, not a list"},
		{"inside a map", one("Map", "bf616180ff"), "Map.a: write a number, not a list"},
		{"inside", one("List", "8100"), "List[0]: write a string, not a number"},
		{"fraction", one("Int", "f93e00"), `Int: write an integer of 64 bits, not "1.5"`},
		{"too big", one("Int", "1bffffffffffffffff"), "Int: write an integer"},
		{"too small", one("Int", "3bffffffffffffffff"), "Int: write an integer"},
		{"infinity", one("Float", "f97c00"), "Float: write a number"},
		{"not a number", one("Float", "f97e00"), "Float: write a number"},
		{"time as text", one("At", "c06161"), "At: write a time"},
		{"not UTF-8", one("Text", "61ff"), "not UTF-8"},
		{"mixed pieces", one("Text", "7f4101ff"), "a piece that is bytes"},
		{"deep", one("Unknown", strings.Repeat("81", event.MaxDepth+1)+"00"), "nested more than"},
		{"long list", one("List", "9a00002711"+strings.Repeat("60", maxItems+1)), "List: write at most 10000 items"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			raw, err := hex.DecodeString(tc.hex)
			if err != nil {
				t.Fatal(err)
			}
			err = DecodeCBOR(raw, &cborCase{})
			var e *Error
			if !errors.As(err, &e) || e.Code != "SerializationException" || !strings.Contains(e.Message, tc.want) {
				t.Errorf("got %v, want … %s", err, tc.want)
			}
		})
	}
	if err := DecodeCBOR(nil, &cborCase{}); err != nil {
		t.Errorf("no body at all: %v", err)
	}
}

// What decodes is written so that it decodes to the same again.
func FuzzDecodeCBOR(f *testing.F) {
	in := full()
	f.Add(EncodeCBOR(&in))
	for _, text := range []string{"bf654e616d65739f6161ffff", "a1624174c1fb41d452d9ec200000", "a16444656c6179f93e00", "a1654e616d657380"} {
		raw, err := hex.DecodeString(text)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var first, second everything
		if err := DecodeCBOR(raw, &first); err != nil {
			wantClientError(t, err)
			return
		}
		if err := DecodeCBOR(EncodeCBOR(&first), &second); err != nil {
			t.Fatalf("%x was written as %x: %v", raw, EncodeCBOR(&first), err)
		}
		if diff := cmp.Diff(string(EncodeJSON(&first)), string(EncodeJSON(&second))); diff != "" {
			t.Fatalf("%x: %s", raw, diff)
		}
	})
}

func TestCBORErrors(t *testing.T) {
	a := EncodeError(Route{Service: "monitoring", Protocol: CBOR}, "rid", &Error{Code: "ValidationError", QueryCode: "ValidationError", Message: "No."})
	var got errorShape
	if err := DecodeCBOR(a.Body, &got); err != nil || got.Type != "ValidationError" || got.Message != "No." {
		t.Errorf("%+v, %v", got, err)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/cbor", "Smithy-Protocol": "rpc-v2-cbor", "X-Amzn-Requestid": "rid", "X-Amzn-Query-Error": "ValidationError;Sender",
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
