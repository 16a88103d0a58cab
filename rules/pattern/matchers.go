package pattern

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// operators are the names that a matcher object can have.
var operators = []string{
	"prefix", "suffix", "equals-ignore-case", "wildcard", "numeric", "cidr", "exists", "anything-but", "exactly",
}

// matchers compiles one element of a field's list.
type matchers struct {
	c    *compiler
	path string
}

func (m matchers) fail(code Code, at diag.Pos, message, label, help string) {
	m.c.fail(code, m.path, at, message, label, help)
}

func (m matchers) add(v *source.Value, f *Field) {
	switch v.Kind {
	case event.Array:
		m.fail(BadValue, v.Pos, "a list of matchers holds values and matchers, not another list",
			"take the inner brackets away", "an event's lists need nothing: every element is looked at")
	case event.Object:
		m.matcher(v, f)
	default:
		f.Tests = append(f.Tests, Test{Op: Equal, Operands: []Operand{exact(v)}})
	}
}

// exact is the operand of a plain value. An address stands for all its spellings.
func exact(v *source.Value) Operand {
	o := Operand{Kind: v.Kind, Text: v.Text}
	switch v.Kind {
	case event.Number:
		o.Number = ParseNumber([]byte(v.Text))
	case event.String:
		if a, ok := ParseAddress([]byte(v.Text)); ok {
			o.Address = a
		}
	}
	return o
}

func (m matchers) matcher(v *source.Value, f *Field) {
	op, operand, ok := m.single(v)
	if !ok {
		return
	}
	switch op {
	case "exists":
		m.exists(operand, f)
	case "numeric":
		m.numeric(operand, f)
	case "cidr":
		m.cidr(operand, f)
	case "anything-but":
		m.anythingBut(operand, f)
	case "prefix", "suffix":
		m.affix(op, operand, f)
	case "equals-ignore-case", "wildcard", "exactly":
		if o, ok := m.operand(op, operand); ok {
			f.Tests = append(f.Tests, Test{Op: textOps[op], Operands: []Operand{o}})
		}
	}
}

// single takes the one member of a matcher object.
func (m matchers) single(v *source.Value) (op string, operand *source.Value, ok bool) {
	switch len(v.Members) {
	case 0:
		m.fail(BadMatcher, v.Pos, "an empty object is no matcher", `write {"prefix": "…"} or another operator`,
			"operators: "+strings.Join(operators, ", "))
		return "", nil, false
	case 1:
	default:
		m.fail(BadMatcher, v.Pos, fmt.Sprintf("a matcher has one operator, this one has %d", len(v.Members)),
			"write one object for each: [{…}, {…}]", "the elements of the list are alternatives, not conditions that all hold")
		return "", nil, false
	}
	member := v.Members[0]
	if !slices.Contains(operators, member.Name) {
		m.unknown(member)
		return "", nil, false
	}
	return member.Name, member.Value, true
}

func (m matchers) unknown(member source.Member) {
	label := "use one of the operators"
	near := strings.ToLower(strings.ReplaceAll(member.Name, "_", "-"))
	if !slices.Contains(operators, near) {
		near = diag.Nearest(near, operators)
	}
	if near != "" {
		label = fmt.Sprintf("did you mean %q?", near)
	}
	m.fail(BadMatcher, member.Pos, fmt.Sprintf("unknown operator %q", member.Name), label,
		"operators: "+strings.Join(operators, ", "))
}

var textOps = map[string]Op{
	"prefix": Prefix, "suffix": Suffix, "equals-ignore-case": EqualFold, "wildcard": Wild, "exactly": Equal,
}

// operand reads the string that op compares with.
func (m matchers) operand(op string, v *source.Value) (o Operand, ok bool) {
	if v.Kind != event.String {
		label := fmt.Sprintf(`write {%q: "…"}`, op)
		help := ""
		switch v.Kind {
		case event.Number, event.Bool, event.Null:
			label = fmt.Sprintf(`write {%q: "%s"}`, op, v.Text)
			help = "it compares text; a number in an event is never text"
		case event.Array:
			help = fmt.Sprintf(`for several write several matchers: [{%q: "a"}, {%[1]q: "b"}]`, op)
		}
		m.fail(NeedString, v.Pos, fmt.Sprintf("%q takes a string, not %s", op, v.Kind), label, help)
		return o, false
	}
	o = Operand{Kind: event.String, Text: v.Text}
	switch op {
	case "equals-ignore-case":
		o.Text = Fold(v.Text)
	case "wildcard":
		w, at := parseWildcard(v.Text)
		if at >= 0 {
			m.badWildcard(v, at)
			return o, false
		}
		o.Wild = w
	}
	return o, true
}

func (m matchers) badWildcard(v *source.Value, at int) {
	if v.Text[at] == '*' {
		m.fail(BadWildcard, v.Pos, fmt.Sprintf("two * stand side by side at character %d of the wildcard", runesBefore(v.Text, at)+1),
			fmt.Sprintf("write %q", strings.ReplaceAll(v.Text, "**", "*")), "one * already stands for any run of characters")
		return
	}
	m.fail(BadWildcard, v.Pos, fmt.Sprintf(`a \ stands before neither * nor \ at character %d of the wildcard`, runesBefore(v.Text, at)+1),
		`write \\ for a backslash, \* for a star`, `inside JSON each \ is itself written \\`)
}

func runesBefore(s string, at int) int { return len([]rune(s[:at])) }

// affix compiles prefix and suffix, whose operand may be {"equals-ignore-case": "…"}.
func (m matchers) affix(op string, v *source.Value, f *Field) {
	if v.Kind != event.Object {
		if o, ok := m.operand(op, v); ok {
			f.Tests = append(f.Tests, Test{Op: textOps[op], Operands: []Operand{o}})
		}
		return
	}
	if len(v.Members) != 1 || v.Members[0].Name != "equals-ignore-case" {
		m.fail(BadNesting, v.Pos, fmt.Sprintf("only equals-ignore-case may stand inside %q", op),
			fmt.Sprintf(`write {%q: {"equals-ignore-case": "…"}} or {%[1]q: "…"}`, op), "")
		return
	}
	if o, ok := m.operand("equals-ignore-case", v.Members[0].Value); ok {
		f.Tests = append(f.Tests, Test{Op: textOps[op] + 1, Operands: []Operand{o}})
	}
}

func (m matchers) exists(v *source.Value, f *Field) {
	switch {
	case v.Kind != event.Bool:
		m.fail(BadExists, v.Pos, fmt.Sprintf("%q takes true or false, not %s", "exists", compact(v)),
			`write {"exists": true} or {"exists": false}`, "")
	case v.Text == "true":
		f.Tests = append(f.Tests, Test{Op: Exists})
	default:
		f.MayBeAbsent = true
	}
}

func (m matchers) cidr(v *source.Value, f *Field) {
	o, ok := m.operand("cidr", v)
	if !ok {
		return
	}
	block, problem := parseBlock(o.Text)
	if problem != "" {
		m.fail(BadCIDR, v.Pos, fmt.Sprintf("%q %s", o.Text, problem), `write {"cidr": "10.0.0.0/24"}`,
			"a block is an IPv4 or IPv6 address, a slash and the number of leading bits that count")
		return
	}
	f.Tests = append(f.Tests, Test{Op: Block, Net: block})
}
