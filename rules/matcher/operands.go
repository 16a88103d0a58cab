package matcher

import (
	"math"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// operand is a path in an event as an expression names it.
type operand struct {
	path string
	// exact: a plain leaf there is the value that the expression sees.
	exact bool
	// safe: reading it never raises; text: it is always a string; dotted: one of its
	// names has a dot.
	safe, text, dotted bool
	// besides is what must hold for the name to mean anything.
	besides []*pattern.Field
}

func (o operand) one(t pattern.Test, exact, safe bool) formula {
	return formula{terms: o.term(&pattern.Field{Path: o.path, Tests: []pattern.Test{t}}), exact: exact, safe: safe}
}

func (o operand) term(f *pattern.Field) [][]*pattern.Field {
	return [][]*pattern.Field{append([]*pattern.Field{f}, o.besides...)}
}

// envelope are the names that stand for texts of the envelope.
var envelope = map[string]string{
	"id": "id", "source": "source", "detail_type": "detail-type", "account": "account", "region": "region",
}

// aliases are the other names of detail, which are nil but for some events; see
// expression.NewEnv.
var aliases = map[string][]*pattern.Field{
	"metric":  {textField("source", pattern.Equal, "tocsin.metrics"), textField("detail-type", pattern.Equal, "Metric Datum")},
	"log":     {textField("source", pattern.Equal, "tocsin.logs"), textField("detail-type", pattern.Equal, "Log Event")},
	"segment": {textField("source", pattern.Equal, "tocsin.xray"), textField("detail-type", pattern.Equal, "Trace Segment")},
	"call":    {textField("detail-type", pattern.Suffix, " via CloudTrail")},
}

func textField(path string, op pattern.Op, text string) *pattern.Field {
	return &pattern.Field{Path: path, Tests: []pattern.Test{{Op: op, Operands: []pattern.Operand{{Kind: event.String, Text: text}}}}}
}

// pathOf reads detail.a.b, detail["a"]?.b, source, and .b of an element.
func (d deducer) pathOf(n ast.Node) (operand, bool) {
	switch n := n.(type) {
	case *ast.ChainNode:
		return d.pathOf(n.Node)
	case *ast.PointerNode:
		if d.element != nil && n.Name == "" {
			return *d.element, true
		}
	case *ast.IdentifierNode:
		path, ok := envelope[n.Value]
		if ok {
			return operand{path: path, exact: true, safe: true, text: true}, true
		}
		besides, isAlias := aliases[n.Value]
		if isAlias || n.Value == "detail" {
			return operand{path: "detail", exact: true, safe: !isAlias, besides: besides}, true
		}
	case *ast.MemberNode:
		name, ok := n.Property.(*ast.StringNode)
		if !ok || n.Method {
			return operand{}, false
		}
		base, ok := d.pathOf(n.Node)
		if !ok || base.text {
			return operand{}, false
		}
		dotted := base.dotted || strings.Contains(name.Value, ".")
		return operand{
			dotted:  dotted,
			besides: base.besides,
			path:    base.path + "." + name.Value,
			// A name with a dot is one member to an expression and two to a path.
			exact: base.exact && !dotted,
			// detail is an object whatever comes; its members may be anything.
			safe: base.safe && base.path == "detail",
		}, true
	}
	return operand{}, false
}

// constant reads a constant of an expression; exactness ends where doubles have gaps.
func constant(n ast.Node) (o pattern.Operand, ok bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return pattern.Operand{Kind: event.String, Text: n.Value}, true
	case *ast.BoolNode:
		o.Kind, o.Text = event.Bool, "false"
		if n.Value {
			o.Text = "true"
		}
		return o, true
	case *ast.IntegerNode:
		return numberOf(float64(n.Value))
	case *ast.FloatNode:
		return numberOf(n.Value)
	case *ast.BinaryNode: // 5 * 1024
		return folded(n)
	case *ast.UnaryNode:
		if o, ok := constant(n.Node); ok && n.Operator == "-" && o.Kind == event.Number {
			return numberOf(-o.Number.Float())
		}
	}
	return o, false
}

// gap is where neighbouring integers share a double: an expression compares them as
// doubles, a pattern does not.
const gap = 1 << 53

func folded(n *ast.BinaryNode) (o pattern.Operand, ok bool) {
	a, isA := constant(n.Left)
	b, isB := constant(n.Right)
	if !isA || !isB || a.Kind != event.Number || b.Kind != event.Number {
		return o, false
	}
	x, y := a.Number.Float(), b.Number.Float()
	switch n.Operator {
	case "+":
		return numberOf(x + y)
	case "-":
		return numberOf(x - y)
	case "*":
		return numberOf(x * y)
	}
	return o, false
}

func numberOf(f float64) (pattern.Operand, bool) {
	return pattern.Operand{Kind: event.Number, Number: pattern.NumberOf(f)}, math.Abs(f) < gap
}
