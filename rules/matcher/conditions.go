package matcher

import (
	"math"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// formula is what must hold of an event's leaves for an expression to be true: one of
// its terms, each a conjunction of fields. A term without fields says nothing.
type formula struct {
	terms [][]*pattern.Field
	// exact: a term that holds makes the expression true, if its leaves are plain.
	exact bool
	// safe: evaluating it never raises an error.
	safe bool
}

// maxTerms bounds the terms of an expression; beyond it they say nothing.
const maxTerms = 256

func unknown() formula { return formula{terms: [][]*pattern.Field{nil}} }

// conditionsOf takes the necessary conditions out of an expression: what stands in them
// must hold for the expression to be true, so that an event without it need not be
// evaluated. Everything that is not understood says nothing; a condition that is too
// wide costs an evaluation, one that is too narrow would lose matches.
func conditionsOf(n ast.Node) formula {
	switch n := n.(type) {
	case *ast.BoolNode:
		if n.Value {
			return formula{terms: [][]*pattern.Field{nil}, exact: true, safe: true}
		}
		return formula{exact: true, safe: true}
	case *ast.BinaryNode:
		switch n.Operator {
		case "and", "&&":
			return both(conditionsOf(n.Left), conditionsOf(n.Right))
		case "or", "||":
			return either(conditionsOf(n.Left), conditionsOf(n.Right))
		}
		return comparison(n)
	}
	if p, ok := pathOf(n); ok { // a condition that is a member: detail.urgent
		return p.one(pattern.Test{Op: pattern.Equal, Operands: []pattern.Operand{{Kind: event.Bool, Text: "true"}}}, p.exact, false)
	}
	return unknown()
}

func both(a, b formula) formula {
	f := formula{exact: a.exact && b.exact, safe: a.safe && b.safe}
	if len(a.terms)*len(b.terms) > maxTerms {
		if len(b.terms) < len(a.terms) {
			a = b
		}
		return formula{terms: a.terms, safe: f.safe}
	}
	for _, x := range a.terms {
		for _, y := range b.terms {
			f.terms = append(f.terms, together(x, y))
		}
	}
	return f
}

// together joins two terms. A path is one value to an expression, so that a lower and an
// upper bound make one range: found by either alone it would be a candidate too often.
func together(x, y []*pattern.Field) []*pattern.Field {
	all := slices.Clone(x)
	for _, f := range y {
		i := slices.IndexFunc(all, func(g *pattern.Field) bool { return g.Path == f.Path && isRange(g) && isRange(f) })
		if i < 0 {
			all = append(all, f)
			continue
		}
		all[i] = narrowed(all[i], f)
	}
	return all
}

func isRange(f *pattern.Field) bool { return len(f.Tests) == 1 && f.Tests[0].Op == pattern.Range }

func narrowed(f, g *pattern.Field) *pattern.Field {
	t, u := f.Tests[0], g.Tests[0]
	if u.Low.Set && (!t.Low.Set || tighter(u.Low, t.Low, 1)) {
		t.Low = u.Low
	}
	if u.High.Set && (!t.High.Set || tighter(u.High, t.High, -1)) {
		t.High = u.High
	}
	return &pattern.Field{Path: f.Path, Tests: []pattern.Test{t}}
}

// tighter compares bounds; sign is 1 for lower and -1 for upper ones.
func tighter(a, b pattern.Bound, sign int) bool {
	c := sign * a.Number.Compare(b.Number)
	return c > 0 || c == 0 && a.Open
}

// either joins the terms. If the left side raises an error the right one is not asked,
// so that only a safe left side keeps the whole exact.
func either(a, b formula) formula {
	f := formula{terms: slices.Concat(a.terms, b.terms), exact: a.exact && a.safe && b.exact, safe: a.safe && b.safe}
	if len(f.terms) > maxTerms {
		return formula{terms: [][]*pattern.Field{nil}, safe: f.safe}
	}
	return f
}

// operand is a path in an event as an expression names it.
type operand struct {
	path string
	// exact: a plain leaf there is the value that the expression sees.
	exact bool
	// safe: reading it never raises; text: it is always a string; dotted: one of its
	// names has a dot.
	safe, text, dotted bool
}

func (o operand) one(t pattern.Test, exact, safe bool) formula {
	f := &pattern.Field{Path: o.path, Tests: []pattern.Test{t}}
	return formula{terms: [][]*pattern.Field{{f}}, exact: exact, safe: safe}
}

// envelope are the names that stand for texts of the envelope.
var envelope = map[string]string{
	"id": "id", "source": "source", "detail_type": "detail-type", "account": "account", "region": "region",
}

// pathOf reads detail.a.b, detail["a"]?.b, source. The other names of detail (call, …)
// are nil for other events, so that what they are compared with is not decided here.
func pathOf(n ast.Node) (operand, bool) {
	switch n := n.(type) {
	case *ast.ChainNode:
		return pathOf(n.Node)
	case *ast.IdentifierNode:
		switch path, ok := envelope[n.Value]; {
		case ok:
			return operand{path: path, exact: true, safe: true, text: true}, true
		case n.Value == "detail":
			return operand{path: "detail", exact: true, safe: true}, true
		case n.Value == "metric", n.Value == "log", n.Value == "segment", n.Value == "call":
			return operand{path: "detail"}, true
		}
	case *ast.MemberNode:
		name, ok := n.Property.(*ast.StringNode)
		if !ok || n.Method {
			return operand{}, false
		}
		base, ok := pathOf(n.Node)
		if !ok || base.text {
			return operand{}, false
		}
		dotted := base.dotted || strings.Contains(name.Value, ".")
		return operand{
			dotted: dotted,
			path:   base.path + "." + name.Value,
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

func numberOf(f float64) (pattern.Operand, bool) {
	return pattern.Operand{Kind: event.Number, Number: pattern.NumberOf(f)}, math.Abs(f) < gap
}

// comparison reads path OP constant and constant OP path.
func comparison(n *ast.BinaryNode) formula {
	if n.Operator == "in" {
		return membership(n)
	}
	if p, ok := pathOf(n.Left); ok {
		if c, ok := constant(n.Right); ok {
			return compare(p, n.Operator, c)
		}
	}
	if p, ok := pathOf(n.Right); ok {
		if c, ok := constant(n.Left); ok && mirrored[n.Operator] != "" {
			return compare(p, mirrored[n.Operator], c)
		}
	}
	return unknown()
}

var mirrored = map[string]string{"==": "==", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

func compare(p operand, op string, c pattern.Operand) formula {
	one := func(op pattern.Op) formula {
		return p.one(pattern.Test{Op: op, Operands: []pattern.Operand{c}}, p.exact, p.safe && (op == pattern.Equal || p.text))
	}
	bound := pattern.Bound{Number: c.Number, Set: true, Open: op == "<" || op == ">"}
	switch {
	case op == "==":
		return one(pattern.Equal)
	case c.Kind == event.Number && p.dotted: // not the value that the path alone names
		return unknown()
	case c.Kind == event.Number && (op == "<" || op == "<="):
		return p.one(pattern.Test{Op: pattern.Range, High: bound}, p.exact, false)
	case c.Kind == event.Number && (op == ">" || op == ">="):
		return p.one(pattern.Test{Op: pattern.Range, Low: bound}, p.exact, false)
	case c.Kind != event.String:
	case op == "startsWith":
		return one(pattern.Prefix)
	case op == "endsWith":
		return one(pattern.Suffix)
	case op == "contains":
		c.Wild = pattern.Wildcard{Pieces: []string{"", c.Text, ""}}
		return one(pattern.Wild)
	case op == "matches":
		return matches(p, c.Text)
	}
	return unknown()
}

// membership reads path in [constants] and "text" in resources.
func membership(n *ast.BinaryNode) formula {
	if name, ok := n.Right.(*ast.IdentifierNode); ok && name.Value == "resources" {
		if c, ok := constant(n.Left); ok && c.Kind == event.String {
			return operand{path: "resources"}.one(pattern.Test{Op: pattern.Equal, Operands: []pattern.Operand{c}}, false, true)
		}
		return unknown()
	}
	p, ok := pathOf(n.Left)
	list, isList := n.Right.(*ast.ArrayNode)
	if !ok || !isList || len(list.Nodes) == 0 {
		return unknown()
	}
	f := &pattern.Field{Path: p.path}
	for _, node := range list.Nodes {
		c, ok := constant(node)
		if !ok {
			return unknown()
		}
		f.Tests = append(f.Tests, pattern.Test{Op: pattern.Equal, Operands: []pattern.Operand{c}})
	}
	return formula{terms: [][]*pattern.Field{{f}}, exact: p.exact, safe: p.safe}
}

// matches finds a text that every match of a regular expression has inside.
func matches(p operand, re string) formula {
	parsed, err := syntax.Parse(re, syntax.Perl)
	if err != nil {
		return unknown()
	}
	factor := literalIn(parsed.Simplify())
	if factor == "" {
		return unknown()
	}
	wild := pattern.Operand{Kind: event.String, Wild: pattern.Wildcard{Pieces: []string{"", factor, ""}}}
	return p.one(pattern.Test{Op: pattern.Wild, Operands: []pattern.Operand{wild}}, false, false)
}

// literalIn returns the longest text that must occur, "" if none must.
func literalIn(re *syntax.Regexp) string {
	longest := ""
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase == 0 {
			return string(re.Rune)
		}
	case syntax.OpCapture, syntax.OpPlus:
		return literalIn(re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if s := literalIn(sub); len(s) > len(longest) {
				longest = s
			}
		}
	}
	return longest
}
