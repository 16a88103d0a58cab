package template

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// wide is how long a value may be to stand on one line.
const wide = 100

// layout writes JSON so that a person can read it and so that it is YAML, TypeScript and
// JSON alike: numbers without exponents, which YAML 1.1 takes as text. What does not fit on
// a line is broken, and indented further than indent.
func layout(indent int, v value) string {
	var b strings.Builder
	v.write(&b, indent)
	return b.String()
}

// parse reads JSON.
func parse(raw json.RawMessage) value {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return read(d)
}

// value is JSON with the order of its members.
type value struct {
	text    string // of a scalar
	open    string // "{" or "[", "" for a scalar
	names   []string
	members []value
}

func token(d *json.Decoder) json.Token {
	t, err := d.Token()
	if err != nil {
		panic(fmt.Sprintf("BUG: the plan has JSON that is none: %v", err))
	}
	return t
}

func read(d *json.Decoder) value {
	switch t := token(d).(type) {
	case json.Delim:
		v := value{open: t.String()}
		for d.More() {
			if v.open == "{" {
				name, _ := token(d).(string)
				v.names = append(v.names, name)
			}
			v.members = append(v.members, read(d))
		}
		token(d)
		return v
	case string:
		return value{text: quote(t)}
	case json.Number:
		return value{text: plain(t.String())}
	case bool:
		return value{text: strconv.FormatBool(t)}
	}
	return value{text: "null"}
}

// plain writes a number without its exponent; one that would become very long keeps it.
func plain(number string) string {
	mantissa, exponent, ok := strings.Cut(strings.ToLower(number), "e")
	if !ok {
		return number
	}
	shift, err := strconv.Atoi(exponent)
	if err != nil || shift < -wide || shift > wide {
		return number
	}
	sign := ""
	if strings.HasPrefix(mantissa, "-") {
		sign, mantissa = "-", mantissa[1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if shift < 0 {
		whole = strings.Repeat("0", -shift) + whole
		whole, fraction = whole[:len(whole)+shift], whole[len(whole)+shift:]+fraction
	} else {
		fraction += strings.Repeat("0", max(0, shift-len(fraction)))
		whole, fraction = whole+fraction[:shift], fraction[shift:]
	}
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		whole = "0"
	}
	if fraction = strings.TrimRight(fraction, "0"); fraction != "" {
		return sign + whole + "." + fraction
	}
	return sign + whole
}

// withoutNull is a pattern for CloudFormation, which refuses null anywhere in a template:
// what a field with it wants is left to the function. ok is false if nothing is left.
func (v value) withoutNull() (_ value, ok bool) {
	if v.open != "{" {
		return v, !v.hasNull()
	}
	kept := value{open: v.open}
	for i, m := range v.members {
		alternatives := v.names[i] == "$or" && m.open == "["
		if alternatives {
			m, ok = m.eachWithoutNull()
		} else {
			m, ok = m.withoutNull()
		}
		if ok {
			kept.names, kept.members = append(kept.names, v.names[i]), append(kept.members, m)
		}
	}
	return kept, len(kept.members) > 0
}

// eachWithoutNull is that of alternatives: if nothing is left of one, it takes everything.
func (v value) eachWithoutNull() (_ value, ok bool) {
	kept := value{open: v.open}
	for _, m := range v.members {
		if m, ok = m.withoutNull(); !ok {
			return v, false
		}
		kept.members = append(kept.members, m)
	}
	return kept, true
}

func (v value) hasNull() bool {
	return v.text == "null" || slices.ContainsFunc(v.members, value.hasNull)
}

func (v value) write(b *strings.Builder, indent int) {
	if line := v.line(); indent+len(line) <= wide || len(v.members) == 0 {
		b.WriteString(line)
		return
	}
	b.WriteString(v.open)
	for i, m := range v.members {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n" + strings.Repeat(" ", indent+2) + v.name(i))
		m.write(b, indent+2)
	}
	b.WriteString("\n" + strings.Repeat(" ", indent) + v.end())
}

func (v value) line() string {
	if v.open == "" {
		return v.text
	}
	parts := make([]string, len(v.members))
	for i, m := range v.members {
		parts[i] = v.name(i) + m.line()
	}
	return v.open + strings.Join(parts, ", ") + v.end()
}

func (v value) name(i int) string {
	if v.open != "{" {
		return ""
	}
	return quote(v.names[i]) + ": "
}

func (v value) end() string {
	if v.open == "{" {
		return "}"
	}
	return "]"
}
