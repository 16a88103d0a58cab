package pattern

import (
	"fmt"

	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

const numericHelp = `forms: ["=", 5], ["<", 5], [">=", 1], and a range with its lower bound first: [">", 0, "<=", 5]`

// numeric compiles ["op", number] or [lower op, number, upper op, number].
func (m matchers) numeric(v *source.Value, f *Field) {
	fail := func(at *source.Value, message, label string) {
		m.fail(BadNumeric, at.Pos, message, label, numericHelp)
	}
	if v.Kind != event.Array {
		fail(v, `"numeric" takes a list, not `+v.Kind.String(), `write {"numeric": [">=", 1]}`)
		return
	}
	if n := len(v.Items); n != 2 && n != 4 {
		fail(v, fmt.Sprintf(`"numeric" takes one operator and number, or two; this list has %d elements`, n), `write [">=", 1]`)
		return
	}
	t := Test{Op: Range}
	for i := 0; i < len(v.Items); i += 2 {
		if !m.bound(v.Items[i], v.Items[i+1], len(v.Items) == 4, i > 0, &t) {
			return
		}
	}
	if t.Low.Set && t.High.Set && len(v.Items) == 4 && t.Low.Number.Compare(t.High.Number) >= 0 {
		fail(v, fmt.Sprintf("nothing lies between %s and %s", v.Items[1].Text, v.Items[3].Text), "write the smaller number first")
		return
	}
	f.Tests = append(f.Tests, t)
}

// bound compiles one operator and its number into t; second says that a lower bound
// went before, ranged that there are two.
func (m matchers) bound(op, number *source.Value, ranged, second bool, t *Test) bool {
	if op.Kind != event.String {
		m.fail(BadNumeric, op.Pos, "an operator stands here in quotes, not "+op.Kind.String(), `write "<", "<=", "=", ">=" or ">"`, numericHelp)
		return false
	}
	if label := misplaced(op.Text, ranged, second); label != "" {
		m.fail(BadNumeric, op.Pos, fmt.Sprintf("the operator %q cannot stand here", op.Text), label, numericHelp)
		return false
	}
	if number.Kind != event.Number {
		label := "write a number"
		if number.Kind == event.String {
			label = "write the number without quotes"
		}
		m.fail(BadNumeric, number.Pos, "a number stands after the operator, not "+number.Kind.String(), label, numericHelp)
		return false
	}
	b := Bound{Number: ParseNumber([]byte(number.Text)), Set: true, Open: op.Text == "<" || op.Text == ">"}
	if !b.Number.Finite() {
		m.fail(BadNumeric, number.Pos, number.Text+" is beyond the range of a double", "write a number between -1.7e308 and 1.7e308", "")
		return false
	}
	switch op.Text {
	case "=":
		t.Low, t.High = b, b
	case ">", ">=":
		t.Low = b
	default:
		t.High = b
	}
	return true
}

// misplaced says what to write for an operator that does not belong, or "".
func misplaced(op string, ranged, second bool) string {
	switch op {
	case "=", "<", "<=", ">", ">=":
	case "==":
		return `write "="`
	case "!=", "<>":
		return `write {"anything-but": 5} in place of "numeric"`
	case "=<":
		return `write "<="`
	case "=>":
		return `write ">="`
	default:
		return `write "<", "<=", "=", ">=" or ">"`
	}
	switch {
	case ranged && op == "=":
		return `write "=" alone`
	case ranged && !second && op[0] == '<':
		return "write the lower bound first"
	case second && op[0] == '>':
		return `write "<" or "<=" for the upper bound`
	}
	return ""
}
