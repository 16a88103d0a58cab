package awswire

import "strconv"

// path is where a value stands in a request: a step and the path above it. It becomes
// text only in an error. The nil path is the whole body.
type path struct {
	up *path
	// name is a member's; "" for the item of a list, which has an index.
	name  string
	index int
}

// String writes a path as "Entries[0].Source".
func (p *path) String() string {
	switch {
	case p == nil:
		return "the body"
	case p.name == "":
		return p.up.String() + "[" + strconv.Itoa(p.index) + "]"
	case p.up == nil:
		return p.name
	}
	return p.up.String() + "." + p.name
}

// form writes a path as forms do: "Entries.member.1.Source".
func (p *path) form() string {
	step := p.name
	if step == "" {
		step = strconv.Itoa(p.index)
	}
	if p.up == nil {
		return step
	}
	return p.up.form() + "." + step
}
