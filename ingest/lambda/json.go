package lambda

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// object is a JSON object under construction; the nil one is empty.
type object []byte

func (o object) name(name string) object {
	if len(o) > 0 {
		o = append(o, ',')
	}
	return append(event.AppendString(o, name), ':')
}

// value adds a member unless the value is not there.
func (o object) value(name string, v event.Value) object {
	if v == nil {
		return o
	}
	return append(o.name(name), v...)
}

// text adds a string unless it is empty.
func (o object) text(name, s string) object {
	if s == "" {
		return o
	}
	return event.AppendString(o.name(name), s)
}

func (o object) object(name string, member object) object {
	return append(o.name(name), member.bytes()...)
}

func (o object) bytes() []byte {
	out := append(make([]byte, 0, len(o)+2), '{')
	return append(append(out, o...), '}')
}

// nameID is a UUID that is the same whenever its parts are: version 8 of RFC 9562.
func nameID(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	b := h.Sum(nil)[:16]
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// layouts are the ways in which AWS writes a time in these payloads.
var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999-0700"}

// time reads a time, or gives what stands in for it.
func (r reader) time(s string, otherwise time.Time) time.Time {
	s = strings.ReplaceAll(s, " ", "") // samples of AWS's own have spaces in it
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	return otherwise
}

// epoch reads seconds since 1970, a number with or without a fraction.
func (r reader) epoch(v event.Value) time.Time {
	f, ok := v.Float()
	if !ok || f <= 0 || f > 1e11 {
		return r.defaults.Time
	}
	return time.UnixMilli(int64(f * 1000))
}

// millis reads milliseconds since 1970, a string of digits or a number.
func (r reader) millis(v event.Value) time.Time {
	s, ok := v.Text()
	if !ok {
		s = string(v)
	}
	ms, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return r.defaults.Time
	}
	return time.UnixMilli(ms)
}
