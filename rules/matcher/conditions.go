package matcher

import (
	"slices"

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
	// many: there are conditions on several elements of a list, which are several values
	// at one path.
	many bool
}

// maxTerms bounds the terms of an expression; beyond it they say nothing.
const maxTerms = 256

func unknown() formula { return formula{terms: [][]*pattern.Field{nil}} }

// conditionsOf takes the necessary conditions out of an expression: what stands in them
// must hold for the expression to be true, so that an event without it need not be
// evaluated. Everything that is not understood says nothing; a condition that is too
// wide costs an evaluation, one that is too narrow would lose matches.
func conditionsOf(n ast.Node) formula { return deducer{}.conditions(n) }

// deducer takes conditions out of an expression, or of what any asks of an element.
type deducer struct {
	element *operand // what # is, nil outside of any
}

func (d deducer) conditions(n ast.Node) formula {
	switch n := n.(type) {
	case *ast.BoolNode:
		if n.Value {
			return formula{terms: [][]*pattern.Field{nil}, exact: true, safe: true}
		}
		return formula{exact: true, safe: true}
	case *ast.BinaryNode:
		switch n.Operator {
		case "and", "&&":
			return both(d.conditions(n.Left), d.conditions(n.Right))
		case "or", "||":
			return either(d.conditions(n.Left), d.conditions(n.Right))
		}
		return d.comparison(n)
	case *ast.BuiltinNode:
		return d.anyElement(n)
	}
	if p, ok := d.pathOf(n); ok { // a condition that is a member: detail.urgent
		return p.one(pattern.Test{Op: pattern.Equal, Operands: []pattern.Operand{{Kind: event.Bool, Text: "true"}}}, p.exact, false)
	}
	return unknown()
}

// anyElement reads any(list, condition): the leaves of an element have the list's path. All
// of an element's conditions hold in one element, which is left to the evaluation.
func (d deducer) anyElement(n *ast.BuiltinNode) formula {
	if n.Name != "any" && n.Name != "one" || len(n.Arguments) != 2 {
		return unknown()
	}
	list, ok := d.pathOf(n.Arguments[0])
	condition, isPredicate := n.Arguments[1].(*ast.PredicateNode)
	if !ok || !isPredicate {
		return unknown()
	}
	list.exact, list.safe = false, false
	f := deducer{element: &list}.conditions(condition.Node)
	f.exact, f.safe, f.many = false, false, true
	return f
}

func both(a, b formula) formula {
	f := formula{exact: a.exact && b.exact, safe: a.safe && b.safe, many: a.many || b.many}
	if len(a.terms)*len(b.terms) > maxTerms {
		if len(b.terms) < len(a.terms) {
			a = b
		}
		return formula{terms: a.terms, safe: f.safe, many: f.many}
	}
	for _, x := range a.terms {
		for _, y := range b.terms {
			f.terms = append(f.terms, together(x, y, !f.many))
		}
	}
	return f
}

// together joins two terms. Where a path is one value, a lower and an upper bound make one
// range: found by either alone it would be a candidate too often.
func together(x, y []*pattern.Field, oneValue bool) []*pattern.Field {
	all := slices.Clone(x)
	for _, f := range y {
		i := -1
		if oneValue && isRange(f) {
			i = slices.IndexFunc(all, func(g *pattern.Field) bool { return g.Path == f.Path && isRange(g) })
		}
		switch {
		case i >= 0:
			all[i] = narrowed(all[i], f)
		case !slices.Contains(all, f):
			all = append(all, f)
		}
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
	f := formula{terms: slices.Concat(a.terms, b.terms), exact: a.exact && a.safe && b.exact, safe: a.safe && b.safe, many: a.many || b.many}
	if len(f.terms) > maxTerms {
		return formula{terms: [][]*pattern.Field{nil}, safe: f.safe}
	}
	return f
}

// comparison reads path OP constant and constant OP path.
func (d deducer) comparison(n *ast.BinaryNode) formula {
	if n.Operator == "in" {
		return d.membership(n)
	}
	if p, ok := d.pathOf(n.Left); ok {
		if c, ok := constant(n.Right); ok {
			return compare(p, n.Operator, c)
		}
	}
	if p, ok := d.pathOf(n.Right); ok {
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
func (d deducer) membership(n *ast.BinaryNode) formula {
	if name, ok := n.Right.(*ast.IdentifierNode); ok && name.Value == "resources" {
		if c, ok := constant(n.Left); ok && c.Kind == event.String {
			return operand{path: "resources"}.one(pattern.Test{Op: pattern.Equal, Operands: []pattern.Operand{c}}, false, true)
		}
		return unknown()
	}
	p, ok := d.pathOf(n.Left)
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
	return formula{terms: p.term(f), exact: p.exact, safe: p.safe}
}
