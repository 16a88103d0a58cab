package expression

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// inspection is what a walk over a parsed expression finds.
type inspection struct {
	src    string
	errors []Error
	needs  needs
	locals []string
}

// inspect looks for what expr's checker does not mind or says too tersely, and finds all
// of it at once. It also notes which members of detail are read.
func inspect(src string, root ast.Node) *inspection {
	in := &inspection{src: src}
	in.node(root)
	slices.SortStableFunc(in.errors, func(a, b Error) int { return a.Offset - b.Offset })
	slices.Sort(in.needs.members)
	in.needs.members = slices.Compact(in.needs.members)
	return in
}

func (in *inspection) add(e Error) {
	// A node that the parser uses twice is found twice.
	if !slices.Contains(in.errors, e) {
		in.errors = append(in.errors, e)
	}
}

func (in *inspection) node(n ast.Node) {
	switch n := n.(type) {
	case nil:
		return
	case *ast.IdentifierNode:
		in.identifier(n)
		return
	case *ast.MemberNode:
		if in.member(n) {
			return
		}
	case *ast.CallNode:
		if in.call(n) {
			return
		}
	case *ast.BuiltinNode:
		if n.Name == "date" && len(n.Arguments) > 2 {
			in.add(at(n, Error{Code: "E008", Message: "date reads times in UTC only",
				Label: "write date(text) or date(text, layout)"}))
		}
	case *ast.BinaryNode:
		if in.binary(n) {
			return
		}
	case *ast.VariableDeclaratorNode:
		in.node(n.Value)
		in.locals = append(in.locals, n.Name)
		in.node(n.Expr)
		in.locals = in.locals[:len(in.locals)-1]
		return
	}
	for _, child := range children(n) {
		in.node(child)
	}
}

func (in *inspection) identifier(n *ast.IdentifierNode) {
	switch {
	case contains(in.locals, n.Value):
	case details[n.Value]:
		in.needs.whole = true
	case contains(Names, n.Value):
	case contains(functions, n.Value):
		in.add(at(n, Error{Code: "E003", Message: quote(n.Value) + " is a function",
			Label: fmt.Sprintf("write %s(…)", n.Value)}))
	default:
		in.add(unknownName(n))
	}
}

// instead says what to write for names that other languages have.
var instead = map[string]string{
	"null": "write nil", "None": "write nil", "undefined": "write nil", "TRUE": "write true", "FALSE": "write false",
	"True": "write true", "False": "write false", "event": "its members stand alone: source, detail.x",
	"span": `did you mean "segment"?`, "detailType": `did you mean "detail_type"?`, "$env": "write the name by itself",
}

func unknownName(n *ast.IdentifierNode) Error {
	e := at(n, Error{Code: "E003", Message: "unknown name " + quote(n.Value),
		Label: instead[n.Value], Help: "an expression sees: " + list(Names)})
	if refused[n.Value] != "" {
		return at(n, Error{Code: "E008", Message: quote(n.Value) + " is not the same for every run", Label: refused[n.Value]})
	}
	near, distance := nearestBy(n.Value, Names)
	switch {
	case e.Label != "":
	case near != "" && distance == 1:
		e.Label = fmt.Sprintf("did you mean %q?", near)
	case near != "":
		e.Label = fmt.Sprintf("did you mean %q or detail.%s?", near, n.Value)
	case strings.HasPrefix(n.Value, "$"):
		e.Label = "write one of the names below"
	default:
		e.Label = fmt.Sprintf("a member of the event's detail is detail.%s", n.Value)
	}
	return e
}

// member handles detail.x and env.x; it says whether n is done with.
func (in *inspection) member(n *ast.MemberNode) (done bool) {
	base, isName := n.Node.(*ast.IdentifierNode)
	property, isConst := n.Property.(*ast.StringNode)
	if !isName || !isConst || contains(in.locals, base.Value) {
		return false
	}
	if details[base.Value] {
		in.needs.members = append(in.needs.members, property.Value)
		return true
	}
	if base.Value == "env" && property.Value != "rule" {
		in.add(at(property, Error{Code: "E003", Message: "unknown name " + quote("env."+property.Value), Label: "env has one member, env.rule"}))
	}
	if base.Value == "$env" {
		in.add(unknownName(base))
		return true
	}
	return false
}

// call checks the callee, and walks the arguments; it says whether n is done with.
func (in *inspection) call(n *ast.CallNode) (done bool) {
	switch callee := n.Callee.(type) {
	case *ast.IdentifierNode:
		in.add(unknownFunction(callee))
	case *ast.MemberNode:
		name, ok := callee.Property.(*ast.StringNode)
		if !ok || !contains(timeMethods, name.Value) {
			in.add(unknownMethod(callee))
			break
		}
		in.node(callee.Node)
	default:
		return false
	}
	for _, arg := range n.Arguments {
		in.node(arg)
	}
	return true
}

func unknownFunction(n *ast.IdentifierNode) Error {
	if use := refused[n.Value]; use != "" {
		return at(n, Error{Code: "E008", Message: quote(n.Value) + " is not the same for every run", Label: use,
			Help: "a rule gives the same answer for the same event, today and in a replay"})
	}
	e := Error{Code: "E003", Message: "unknown function " + quote(n.Value), Help: "functions: " + list(functions)}
	if near, ok := nearest(n.Value, functions); ok {
		e.Label = fmt.Sprintf("did you mean %q?", near)
	} else if contains(Names, n.Value) {
		e.Label = "this is a value; leave the parentheses out"
	} else {
		e.Label = "write one of the functions below"
	}
	return at(n, e)
}

func unknownMethod(n *ast.MemberNode) Error {
	name := "[…]"
	if property, ok := n.Property.(*ast.StringNode); ok {
		name = property.Value
	}
	e := Error{Code: "E003", Message: "unknown function " + quote("."+name), Help: "after a time stand: " + list(timeMethods)}
	if near, ok := nearest(name, timeMethods); ok {
		e.Label = fmt.Sprintf("did you mean .%s(…)?", near)
	} else if contains(functions, name) {
		e.Label = fmt.Sprintf("write %s(…) around it", name)
	} else {
		e.Label = "only a time has functions of its own"
	}
	return at(n.Property, e)
}

// binary looks for member names with a hyphen, and for a pattern of matches that is not
// constant; it says whether n is done with.
func (in *inspection) binary(n *ast.BinaryNode) (done bool) {
	if n.Operator == "-" {
		return in.hyphen(n)
	}
	if _, ok := n.Right.(*ast.StringNode); n.Operator == "matches" && !ok {
		e := whole(n.Right, in.src)
		e.Code, e.Message = "E012", "matches takes its pattern as a text in quotes"
		e.Label, e.Help = `write it out, as in "^a.*z$"`, "to compare two values of the event: ==, contains, startsWith, endsWith"
		in.add(e)
	}
	return false
}

// hyphen finds detail-type and detail.instance-id, which read as subtractions.
func (in *inspection) hyphen(n *ast.BinaryNode) (done bool) {
	right, ok := n.Right.(*ast.IdentifierNode)
	if !ok || contains(in.locals, right.Value) {
		return false
	}
	if left, ok := n.Left.(*ast.IdentifierNode); ok && left.Value == "detail" && right.Value == "type" {
		in.add(between(left, right, Error{Code: "E005", Message: `"detail-type" reads as "detail minus type"`,
			Label: "in expressions write detail_type"}))
		return true
	}
	left, names := hyphenated(n)
	property, ok := left.Property.(*ast.StringNode)
	if !ok || !touching(n) {
		return false
	}
	base, name := left.Node.String(), property.Value+"-"+strings.Join(names, "-")
	in.add(between(property, right, Error{Code: "E005",
		Message: fmt.Sprintf("%q reads as %q", base+"."+name, base+"."+property.Value+" minus "+strings.Join(names, " minus ")),
		Label:   fmt.Sprintf("write %s[%q]", base, name)}))
	return true
}

// hyphenated takes x.a-b-c apart: the member x.a and the names b, c. The member is
// empty where n is something else.
func hyphenated(n *ast.BinaryNode) (*ast.MemberNode, []string) {
	right, ok := n.Right.(*ast.IdentifierNode)
	if !ok || n.Operator != "-" {
		return &ast.MemberNode{}, nil
	}
	switch left := n.Left.(type) {
	case *ast.MemberNode:
		return left, []string{right.Value}
	case *ast.BinaryNode:
		member, names := hyphenated(left)
		return member, append(names, right.Value)
	}
	return &ast.MemberNode{}, nil
}

// touching says whether nothing stands around the minus: somebody who subtracts
// usually writes spaces.
func touching(n *ast.BinaryNode) bool {
	minus := n.Location()
	_, to := span(n.Left)
	return to == minus.From && n.Right.Location().From == minus.To
}
