package matcher

import (
	"regexp/syntax"

	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// maxFactors bounds the texts of one regular expression, beyond which they say nothing.
const maxFactors = 32

// matches finds texts of which every match of a regular expression has one inside, at its
// begin or at its end.
func matches(p operand, re string) formula {
	parsed, err := syntax.Parse(re, syntax.Perl)
	if err != nil {
		return unknown()
	}
	parsed = parsed.Simplify()
	if anchored, ok := anchor(parsed); ok {
		return p.one(anchored, false, false)
	}
	f := &pattern.Field{Path: p.path}
	for _, factor := range factors(parsed) {
		wild := pattern.Operand{Kind: event.String, Wild: pattern.Wildcard{Pieces: []string{"", factor, ""}}}
		f.Tests = append(f.Tests, pattern.Test{Op: pattern.Wild, Operands: []pattern.Operand{wild}})
	}
	if len(f.Tests) == 0 {
		return unknown()
	}
	return formula{terms: p.term(f)}
}

// anchor reads ^text… and …text$.
func anchor(re *syntax.Regexp) (t pattern.Test, ok bool) {
	n := len(re.Sub)
	if re.Op != syntax.OpConcat || n < 2 {
		return t, false
	}
	for _, end := range [...]struct {
		mark, text *syntax.Regexp
		at         syntax.Op
		op         pattern.Op
	}{{re.Sub[0], re.Sub[1], syntax.OpBeginText, pattern.Prefix}, {re.Sub[n-1], re.Sub[n-2], syntax.OpEndText, pattern.Suffix}} {
		if text, isLiteral := literal(end.text); isLiteral && end.mark.Op == end.at {
			return pattern.Test{Op: end.op, Operands: []pattern.Operand{{Kind: event.String, Text: text}}}, true
		}
	}
	return t, false
}

func literal(re *syntax.Regexp) (string, bool) {
	if re.Op != syntax.OpLiteral || re.Flags&syntax.FoldCase != 0 {
		return "", false
	}
	return string(re.Rune), true
}

// factors returns texts of which one must occur, none if there are no such texts.
func factors(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		if text, ok := literal(re); ok {
			return []string{text}
		}
	case syntax.OpCapture, syntax.OpPlus:
		return factors(re.Sub[0])
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			one := factors(sub)
			if len(one) == 0 || len(all)+len(one) > maxFactors {
				return nil
			}
			all = append(all, one...)
		}
		return all
	case syntax.OpConcat:
		var best []string
		for _, sub := range re.Sub {
			if some := factors(sub); len(some) > 0 && (len(best) == 0 || shortest(some) > shortest(best)) {
				best = some
			}
		}
		return best
	}
	return nil
}

// shortest is the length of the text that is found most often.
func shortest(texts []string) int {
	least := len(texts[0])
	for _, text := range texts {
		least = min(least, len(text))
	}
	return least
}
