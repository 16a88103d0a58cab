package expression

import (
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"
)

// span is from where to where the tokens stand that n's nodes remember: every name,
// constant and operator, but not the brackets around and after them.
func span(n ast.Node) (from, to int) {
	from = -1
	walk(n, func(n ast.Node) {
		switch n.(type) {
		case *ast.ConditionalNode:
			return // remembers the token after it, or none
		}
		if l := n.Location(); l.To > l.From {
			if from < 0 || l.From < from {
				from = l.From
			}
			to = max(to, l.To)
		}
	})
	return max(from, 0), to
}

func walk(n ast.Node, visit func(ast.Node)) {
	if n == nil {
		return
	}
	visit(n)
	for _, child := range children(n) {
		walk(child, visit)
	}
}

// extent is span with the brackets that belong to it.
func extent(src string, n ast.Node) (from, to int) {
	from, to = span(n)
	tokens, err := lexer.Lex(file.NewSource(src))
	if err != nil {
		return from, to
	}
	first, last := 0, 0
	for i, t := range tokens {
		if t.From <= from {
			first = i
		}
		if t.Kind != lexer.EOF && t.To <= to {
			last = i
		}
	}
	if emptyCall(n) && last+2 < len(tokens) {
		last += 2
	}
	first, last = balance(tokens, first, last)
	return tokens[first].From, tokens[last].To
}

// emptyCall says whether n ends in (), of which no node remembers anything.
func emptyCall(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CallNode:
		return len(n.Arguments) == 0
	case *ast.BuiltinNode:
		return len(n.Arguments) == 0
	case *ast.ChainNode:
		return emptyCall(n.Node)
	case *ast.BinaryNode:
		return emptyCall(n.Right)
	case *ast.UnaryNode:
		return emptyCall(n.Node)
	}
	return false
}

// balance widens first..last until every bracket in it has its partner.
func balance(tokens []lexer.Token, first, last int) (int, int) {
	open, missing := 0, 0
	for _, t := range tokens[first : last+1] {
		switch depth(t) {
		case 1:
			open++
		case -1:
			if open == 0 {
				missing++
			} else {
				open--
			}
		}
	}
	for ; missing > 0 && first > 0; first-- {
		missing -= depth(tokens[first-1])
	}
	for ; open > 0 && last+1 < len(tokens) && tokens[last+1].Kind != lexer.EOF; last++ {
		open += depth(tokens[last+1])
	}
	return first, last
}

func depth(t lexer.Token) int {
	if t.Kind == lexer.Bracket {
		switch t.Value {
		case "(", "[", "{":
			return 1
		}
		return -1
	}
	return 0
}
