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

// tokens takes src apart; a source that compiled always can be.
func tokens(src string) []lexer.Token {
	all, _ := lexer.Lex(file.NewSource(src))
	return all
}

// extent is span with the words and brackets that belong to it.
func extent(all []lexer.Token, n ast.Node) (from, to int) {
	from, to = span(n)
	first, last := 0, 0
	for i, t := range all {
		if t.From <= from {
			first = i
		}
		if t.Kind != lexer.EOF && t.To <= to {
			last = i
		}
	}
	if last+2 < len(all) && all[last+1].Is(lexer.Bracket, "(") && all[last+2].Is(lexer.Bracket, ")") {
		last += 2 // a call without arguments; no node remembers its brackets
	}
	first, last = balance(all, first, last)
	if word := opening(n); first > 0 && word != "" && all[first-1].Is(lexer.Operator, word) {
		first--
	}
	return all[first].From, all[last].To
}

// opening is the word that n begins with and does not remember.
func opening(n ast.Node) string {
	switch n := n.(type) {
	case *ast.VariableDeclaratorNode:
		return "let"
	case *ast.ConditionalNode:
		if !n.Ternary {
			return "if"
		}
	}
	return ""
}

// balance widens first..last until every bracket in it has its partner.
func balance(all []lexer.Token, first, last int) (int, int) {
	open, missing := 0, 0
	for _, t := range all[first : last+1] {
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
		missing -= depth(all[first-1])
	}
	for ; open > 0 && last+1 < len(all) && all[last+1].Kind != lexer.EOF; last++ {
		open += depth(all[last+1])
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
