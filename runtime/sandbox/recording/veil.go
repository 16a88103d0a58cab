package recording

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
)

// Veil puts stand-ins of the same length in the places of secrets, so that a recording
// holds none and all else stays where it was: a guest that is given stand-ins does the
// same with them.
type Veil struct {
	hidden []hidden
}

type hidden struct{ secret, standIn []byte }

// minSecret is from where a value is hidden: a shorter one stands everywhere by chance.
const minSecret = 8

// Handle hides the part of a secret's handle that only the host knows.
func (v *Veil) Handle(random string) { v.add(random, strings.Repeat("0", len(random))) }

// Value hides a secret's value, also as it stands in JSON and in a URL.
func (v *Veil) Value(value string) {
	if len(value) < minSecret {
		return
	}
	standIn := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return '1'
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
			return 'x'
		}
		return r
	}, value)
	for _, form := range []func(string) string{func(s string) string { return s }, inJSON, url.QueryEscape} {
		v.add(form(value), form(standIn))
	}
}

func inJSON(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic("BUG: " + err.Error()) // a string
	}
	return string(b[1 : len(b)-1])
}

func (v *Veil) add(secret, standIn string) {
	if len(secret) != len(standIn) || secret == standIn {
		return // nothing to hide: no letter and no digit
	}
	v.hidden = append(v.hidden, hidden{[]byte(secret), []byte(standIn)})
}

// Text returns a copy of b that holds no secret.
func (v *Veil) Text(b []byte) Text {
	if len(b) == 0 {
		return nil
	}
	out := bytes.Clone(b)
	for _, h := range v.hidden {
		for at := 0; ; {
			n := bytes.Index(out[at:], h.secret)
			if n < 0 {
				break
			}
			at += n + copy(out[at+n:], h.standIn)
		}
	}
	return out
}

// String is Text of a string.
func (v *Veil) String(s string) string {
	if len(v.hidden) == 0 {
		return s
	}
	return string(v.Text([]byte(s)))
}
