package pattern

import (
	"slices"
	"sync"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Pattern is a compiled event pattern.
type Pattern struct {
	json         []byte
	conditions   []condition
	alternatives []Alternative
	root         group
	// scan is made when it is first needed: an index of many patterns never needs it.
	scan func() *scan
}

// condition is one field as it was written, for Explain.
type condition struct {
	Field
	want   string // the list of matchers as JSON
	branch string // the $or member it stands in, "" outside
}

// group is what one object says: all conditions and one member of each $or.
type group struct {
	conditions []int // of Pattern.conditions
	ors        [][]group
}

// MaxAlternatives is how many ways through its $or groups a pattern may have
// (decision D8): k groups of m members are m^k ways.
const MaxAlternatives = 1000

// CompileJSON compiles a pattern from its JSON text.
func CompileJSON(src []byte) (*Pattern, []Error) {
	v, findings := source.ParseJSON("", src)
	if len(findings) > 0 {
		f := findings[0]
		return nil, []Error{{Code: NotObject, Pos: f.Pos, Message: f.Message, Label: f.Label, Help: f.Help}}
	}
	return Compile(v)
}

// Compile compiles a pattern. It returns either a pattern or all that is to be changed
// in it, in the order of the text.
func Compile(v *source.Value) (*Pattern, []Error) {
	if v == nil || v.Kind != event.Object {
		return nil, []Error{notObject(v)}
	}
	c := compiler{p: &Pattern{}}
	c.p.root = c.object(v, place{})
	if len(c.errors) == 0 {
		c.expand(v.Pos)
	}
	if len(c.errors) > 0 {
		slices.SortStableFunc(c.errors, func(a, b Error) int { return comparePos(a.Pos, b.Pos) })
		return nil, c.errors
	}
	c.p.json = v.AppendJSON(nil)
	p := c.p
	p.scan = sync.OnceValue(func() *scan { return newScan(p) })
	return p, nil
}

func notObject(v *source.Value) Error {
	e := Error{Code: NotObject, Message: "a pattern is one JSON object, not nothing", Label: `write {"source": ["…"]}`}
	if v != nil {
		e.Pos = v.Pos
		e.Message = "a pattern is one JSON object, not " + v.Kind.String()
	}
	return e
}

func comparePos(a, b diag.Pos) int {
	if a.Line != b.Line {
		return a.Line - b.Line
	}
	return a.Column - b.Column
}

// expand multiplies the $or groups out.
func (c *compiler) expand(at diag.Pos) {
	if n := c.p.root.ways(); n > MaxAlternatives {
		c.fail(TooComplex, "", at, "the $or groups of this pattern multiply to more than 1,000 combinations",
			"split it into several rules", "two $or groups of ten members each are a hundred combinations")
		return
	}
	for _, conditions := range c.p.root.expand() {
		var a Alternative
		for _, i := range conditions {
			a.Fields = append(a.Fields, &c.p.conditions[i].Field)
		}
		c.p.alternatives = append(c.p.alternatives, a)
	}
}

// ways counts the alternatives, up to one more than MaxAlternatives.
func (g group) ways() int {
	n := 1
	for _, or := range g.ors {
		sum := 0
		for _, member := range or {
			sum = min(sum+member.ways(), MaxAlternatives+1)
		}
		n = min(n*sum, MaxAlternatives+1)
	}
	return n
}

func (g group) expand() [][]int {
	all := [][]int{g.conditions}
	for _, or := range g.ors {
		var next [][]int
		for _, member := range or {
			for _, more := range member.expand() {
				for _, have := range all {
					next = append(next, slices.Concat(have, more))
				}
			}
		}
		all = next
	}
	return all
}

// Alternatives are the ways in which the pattern can match; it does if one of them
// does. They are shared and must not be changed.
func (p *Pattern) Alternatives() []Alternative { return p.alternatives }

// JSON is the pattern as compact JSON, members in the order written.
func (p *Pattern) JSON() []byte { return p.json }
