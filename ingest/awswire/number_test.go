package awswire

import (
	"encoding/json"
	"testing"
)

type measured struct {
	Value  *json.Number  `json:",omitempty"`
	Values []json.Number `json:",omitempty"`
}

// TestNumbersKeepTheirText: a json.Number has what the client wrote, from every protocol.
func TestNumbersKeepTheirText(t *testing.T) {
	cbor := func(bytes string) func(any) error {
		return func(into any) error { return DecodeCBOR([]byte("\xa1eValue"+bytes), into) }
	}
	body := func(text string) func(any) error {
		return func(into any) error { return DecodeJSON([]byte(`{"Value":`+text+`}`), into) }
	}
	form := func(text string) func(any) error {
		return func(into any) error {
			f, err := ParseForm("Value=" + text)
			if err != nil {
				return err
			}
			return f.Decode(into, false)
		}
	}
	for _, tc := range []struct {
		name   string
		decode func(any) error
		want   string // "" is refused
	}{
		{"JSON, many digits", body("0.12345678901234567890123"), "0.12345678901234567890123"},
		{"JSON, trailing zeros", body("1.500"), "1.500"},
		{"JSON, beyond float64", body("1e999"), "1e999"},
		{"JSON, NaN", body(`"NaN"`), "NaN"},
		{"JSON, infinity", body(`"-Infinity"`), "-Infinity"},
		{"JSON, a number in quotes", body(`"1"`), ""},
		{"JSON, a word", body(`"nan"`), ""},
		{"JSON, true", body(`true`), ""},
		{"form", form("34.632835854402934"), "34.632835854402934"},
		{"form, as Java takes it", form(".5"), ".5"},
		{"form, infinity", form("Infinity"), "Infinity"},
		{"form, a word", form("many"), ""},
		{"form, hexadecimal", form("0x1p-2"), ""},
		{"form, inf", form("inf"), ""},
		{"form, nothing", form(""), ""},
		{"form, two signs", form("--1"), ""},
		{"CBOR, integer", cbor("\x1b\xff\xff\xff\xff\xff\xff\xff\xff"), "18446744073709551615"},
		{"CBOR, negative", cbor("\x20"), "-1"},
		{"CBOR, float64", cbor("\xfb\x41\x2e\x84\x80\x00\x00\x00\x00"), "1000000"},
		{"CBOR, float64, small", cbor("\xfb\x3e\xb0\xc6\xf7\xa0\xb5\xed\x8d"), "0.000001"},
		{"CBOR, float16", cbor("\xf9\x3e\x00"), "1.5"},
		{"CBOR, NaN", cbor("\xf9\x7e\x00"), "NaN"},
		{"CBOR, infinity", cbor("\xf9\x7c\x00"), "Infinity"},
		{"CBOR, negative infinity", cbor("\xf9\xfc\x00"), "-Infinity"},
		{"CBOR, text", cbor("a1"), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got measured
			err := tc.decode(&got)
			if err != nil || tc.want == "" {
				if (err == nil) != (tc.want != "") {
					t.Errorf("%v, %v", got.Value, err)
				}
				return
			}
			if string(*got.Value) != tc.want {
				t.Errorf("got %q, want %q", *got.Value, tc.want)
			}
		})
	}
}

func TestNumbersAreWritten(t *testing.T) {
	one := json.Number("1.50")
	in := measured{Value: &one, Values: []json.Number{"NaN", "-Infinity", "", "7"}}
	if got, want := string(EncodeJSON(&in)), `{"Value":1.50,"Values":["NaN","-Infinity",0,7]}`; got != want {
		t.Errorf("EncodeJSON = %s, want %s", got, want)
	}
	if got, want := string(EncodeForm("Do", "v", &measured{Value: &one}, false)), "Action=Do&Version=v&Value=1.50"; got != want {
		t.Errorf("EncodeForm = %s, want %s", got, want)
	}
	var back measured
	if err := DecodeCBOR(EncodeCBOR(&in), &back); err != nil || *back.Value != "1.5" || back.Values[0] != "NaN" || back.Values[3] != "7" {
		t.Errorf("CBOR there and back: %+v, %v", back, err)
	}
}
