package awswire

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// numberType is the type of a number that keeps the text its client wrote.
var numberType = reflect.TypeFor[json.Number]()

// formatFloat is the shortest text of f that reads back as f, with an exponent only where
// it is very small or great.
func formatFloat(f float64) string {
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.FormatFloat(f, format, -1, 64)
}

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
	if !isNoNumber(text) && (!decimal || err != nil && !errors.Is(err, strconv.ErrRange)) {
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
