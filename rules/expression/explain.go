package expression

// Trace is how one part of an expression came out on an event: the whole first, its
// operands as children.
type Trace struct {
	// Text is the part as it stands in the source.
	Text string
	// Value is what it was, as JSON; empty if it was not evaluated or failed.
	Value string
	// Holds is set where the value is true or false.
	Holds *bool
	// Err says why it has no value.
	Err string
	// Pos and Len are its place in the source, in characters.
	Pos, Len int
	Children []Trace
}

type tracer struct{}

// Explain evaluates p with its operands.
func (p *Program) Explain(env *Env) Trace {
	return Trace{Text: p.source}
}
