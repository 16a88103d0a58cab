package expression

import (
	"reflect"

	"github.com/expr-lang/expr/ast"
)

// children returns the parts of n in the order of the source.
func children(n ast.Node) []ast.Node {
	switch n := n.(type) {
	case *ast.UnaryNode:
		return []ast.Node{n.Node}
	case *ast.BinaryNode:
		return []ast.Node{n.Left, n.Right}
	case *ast.ChainNode:
		return []ast.Node{n.Node}
	case *ast.MemberNode:
		return []ast.Node{n.Node, n.Property}
	case *ast.SliceNode:
		return []ast.Node{n.Node, n.From, n.To}
	case *ast.CallNode:
		return append([]ast.Node{n.Callee}, n.Arguments...)
	case *ast.BuiltinNode:
		return n.Arguments
	case *ast.PredicateNode:
		return []ast.Node{n.Node}
	case *ast.VariableDeclaratorNode:
		return []ast.Node{n.Value, n.Expr}
	case *ast.SequenceNode:
		return n.Nodes
	case *ast.ConditionalNode:
		return []ast.Node{n.Cond, n.Exp1, n.Exp2}
	case *ast.ArrayNode:
		return n.Nodes
	case *ast.MapNode:
		return n.Pairs
	case *ast.PairNode:
		return []ast.Node{n.Key, n.Value}
	}
	return nil
}

// place is the way from the root to a node: the index among its parent's children, at
// each step.
type place []int

// within returns the node at the place under n, within the lets on the way there.
func within(n ast.Node, at place) ast.Node {
	if len(at) == 0 {
		return n
	}
	inner := within(children(n)[at[0]], at[1:])
	if let, ok := n.(*ast.VariableDeclaratorNode); ok && at[0] == 1 {
		let.Expr = inner
		return let
	}
	return inner
}

// count counts the parts of n, up to a little above limit. The parser uses a node twice
// in `a ?: b` and in `a < b < c`, so a tree of few nodes can be walked for ever.
func count(n ast.Node, limit int) int {
	if n == nil {
		return 0
	}
	total := 1
	for _, child := range children(n) {
		if total > limit {
			return total
		}
		total += count(child, limit-total)
	}
	return total
}

// literal says whether n is a constant that stands in the source.
func literal(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.NilNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode:
		return true
	case *ast.UnaryNode:
		return literal(n.Node)
	case *ast.ArrayNode:
		for _, item := range n.Nodes {
			if !literal(item) {
				return false
			}
		}
		return true
	}
	return false
}

// maybeText says whether n can be a text, as far as its type tells.
func maybeText(n ast.Node) bool {
	k := n.Type().Kind()
	return k == reflect.String || k == reflect.Interface
}

// deepType says whether comparing n can take longer than comparing two texts.
func deepType(n ast.Node) bool {
	switch n.Type().Kind() {
	case reflect.Interface, reflect.Map, reflect.Slice:
		return !literal(n)
	}
	return false
}
