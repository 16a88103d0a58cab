package expression

import "github.com/expr-lang/expr/ast"

// The names that meterer puts into a program. Nobody can write them: inspect knows all
// names that may be written.
const (
	envName = "__env"
	payName = "__pay"
	addName = "__add"
)

// meterer rewrites a checked tree so that it pays for its work. The meaning stays.
type meterer struct{}

// loops are the functions that evaluate their second argument for each element.
var loops = map[string]bool{
	"all": true, "none": true, "any": true, "one": true, "filter": true, "map": true, "find": true,
	"findIndex": true, "findLast": true, "findLastIndex": true, "count": true, "sum": true, "groupBy": true,
	"sortBy": true, "reduce": true,
}

// Visit is called for the children of a node before it.
func (meterer) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.BuiltinNode:
		if loops[n.Name] {
			parts := 1
			for _, arg := range n.Arguments[1:] {
				parts += count(arg, MaxNodes)
			}
			n.Arguments[0] = paid(n.Arguments[0], parts)
		} else if metered[n.Name] != nil {
			replaceNode(node, "__"+n.Name, n.Arguments...)
		}
	case *ast.BinaryNode:
		meterBinary(node, n)
	}
}

func meterBinary(node *ast.Node, n *ast.BinaryNode) {
	switch n.Operator {
	case "+":
		if maybeText(n.Left) && maybeText(n.Right) {
			replaceNode(node, addName, n.Left, n.Right)
		}
	case "matches":
		n.Left = paid(n.Left, payRegexp)
	case "contains":
		n.Left = paid(n.Left, payText)
	case "in":
		if !literal(n.Right) {
			n.Right = paid(n.Right, payFlat)
		}
	case "==", "!=":
		if deepType(n.Left) && deepType(n.Right) {
			n.Left = paid(n.Left, payDeep)
		}
	}
}

// paid wraps n so that its value is paid for.
func paid(n ast.Node, how int) ast.Node {
	var wrapped ast.Node = n
	replaceNode(&wrapped, payName, &ast.IntegerNode{Value: how}, n)
	return wrapped
}

// replaceNode puts a call of one of our functions in the place of *node.
func replaceNode(node *ast.Node, name string, args ...ast.Node) {
	all := append([]ast.Node{&ast.IdentifierNode{Value: envName}}, args...)
	ast.Patch(node, &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: all})
}
