package logfile

import (
	"bytes"
	"fmt"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
)

// Encoding is how a file's bytes are text. The zero Encoding is UTF-8.
type Encoding struct {
	enc encoding.Encoding
	// newline is the end of a line, in units of its length.
	newline []byte
}

// ParseEncoding finds an encoding by its name: utf-8, utf-16le, shift_jis, iso-8859-1 …
func ParseEncoding(name string) (Encoding, error) {
	switch label := strings.ReplaceAll(strings.ToLower(name), "_", "-"); label {
	case "", "utf-8", "utf8", "ascii", "us-ascii":
		return Encoding{}, nil
	case "utf-16", "utf-16le", "utf-16-le":
		return Encoding{unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), []byte("\n\x00")}, nil
	case "utf-16be", "utf-16-be":
		return Encoding{unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), []byte("\x00\n")}, nil
	default:
		if strings.HasPrefix(label, "utf-32") {
			return Encoding{}, fmt.Errorf("log files in %s cannot be followed; write utf-8 or utf-16le", name)
		}
	}
	for _, spelling := range []string{name, strings.ReplaceAll(name, "-", ""), strings.ReplaceAll(name, "_", "-")} {
		if enc, err := htmlindex.Get(spelling); err == nil && enc != encoding.Replacement {
			if canonical, _ := htmlindex.Name(enc); strings.HasPrefix(canonical, "utf-16") && canonical != name {
				return ParseEncoding(canonical) // "unicode", "ucs-2" …
			}
			return Encoding{enc: enc}, nil
		}
		if enc, err := ianaindex.IANA.Encoding(spelling); err == nil && enc != nil {
			return Encoding{enc: enc}, nil
		}
	}
	return Encoding{}, fmt.Errorf("no encoding is called %q; write one like utf-8, utf-16le, shift_jis or iso-8859-1", name)
}

// endOfLine returns where the first line of b ends and the next begins; at is -1 if b
// holds no whole line.
func (e Encoding) endOfLine(b []byte) (at, next int) {
	if e.newline == nil {
		at = bytes.IndexByte(b, '\n')
		return at, at + 1
	}
	for from := 0; ; {
		i := bytes.Index(b[from:], e.newline)
		if i < 0 {
			return -1, 0
		}
		if at = from + i; at%len(e.newline) == 0 {
			return at, at + len(e.newline)
		}
		from = at + 1
	}
}

// text decodes a line. What is no text becomes U+FFFD, never an error: a log line is
// worth having as it is.
func (e Encoding) text(line []byte) string {
	if e.enc != nil {
		if decoded, err := e.enc.NewDecoder().Bytes(line); err == nil {
			line = decoded
		}
	}
	return strings.TrimPrefix(strings.ToValidUTF8(string(line), "\ufffd"), "\ufeff")
}
