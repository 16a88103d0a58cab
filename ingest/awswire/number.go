package awswire

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// numberType is the type of a number that keeps the text its client wrote.
var numberType = reflect.TypeFor[json.Number]()

// isNoNumber says whether text is how AWS's protocols write the floating-point values
// that JSON has no number for.
func isNoNumber(text string) bool {
	return text == "NaN" || text == "Infinity" || text == "-Infinity"
}

// setNumber keeps a decimal number's text. A number too great for a float64 is still one.
func setNumber(into reflect.Value, text string) error {
	switch text {
	case "+Inf", "-Inf": // as CBOR's were formatted
		text = strings.Replace(strings.TrimPrefix(text, "+"), "Inf", "Infinity", 1)
	}
	_, err := strconv.ParseFloat(text, 64)
	decimal := strings.Trim(text, "0123456789+-.eE") == ""
	if !isNoNumber(text) && (!decimal || err != nil && err.(*strconv.NumError).Err != strconv.ErrRange) {
		return fmt.Errorf("write a number, not %s", clip(text))
	}
	into.SetString(text)
	return nil
}

// appendNumber writes a number's text as JSON; what JSON has no number for is a string.
func appendNumber(b []byte, text string) []byte {
	switch {
	case text == "":
		return append(b, '0')
	case isNoNumber(text):
		return append(append(append(b, '"'), text...), '"')
	}
	return append(b, text...)
}
