package target

import (
	"strconv"
	"strings"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Place is a text of the config that is a constant, or says where in each delivery the
// value stands: "$.detail.id" in the event, "$input.id" in what the rule file made of it.
// List items are "$.resources[0]". The zero Place is the empty constant.
type Place struct {
	constant string
	isPath   bool
	ofInput  bool
	path     []string
}

// Place is the constant or path of that name, or otherwise where there is none.
func (c *Config) Place(name, otherwise string) Place {
	p, problem := ParsePlace(c.Text(name, otherwise))
	if problem != "" {
		c.Problem(name, problem)
	}
	return p
}

// NamedPlace is one member of an object of places.
type NamedPlace struct {
	Name string
	Place
}

// Places are the constants or paths of an object, in its order.
func (c *Config) Places(name string) (all []NamedPlace) {
	v := c.Value(name)
	if v != nil && v.Kind() != event.Object {
		c.Problem(name, "is "+v.Kind().String()+"; write an object of strings")
	}
	for member, value := range v.Members() {
		text, ok := value.Text()
		if !ok {
			c.Problem(name+"."+member, "is "+value.Kind().String()+"; write a string, or a place like $.detail.id")
			continue
		}
		p, problem := ParsePlace(text)
		if problem != "" {
			c.Problem(name+"."+member, problem)
		}
		all = append(all, NamedPlace{member, p})
	}
	return all
}

// ParsePlace reads a constant or a path. A problem says what to write instead.
func ParsePlace(text string) (p Place, problem string) {
	rest, ofInput := strings.CutPrefix(text, "$input")
	if !ofInput {
		var ofEvent bool
		if rest, ofEvent = strings.CutPrefix(text, "$"); !ofEvent {
			if strings.HasPrefix(text, "detail.") {
				// As an expression would say it; as a constant nobody means it.
				return Place{}, "is the constant " + text + "; write $." + text + " for what stands there in the event"
			}
			return Place{constant: text}, ""
		}
	}
	p = Place{isPath: true, ofInput: ofInput}
	for rest != "" {
		step := rest
		switch {
		case rest[0] == '.':
			end := strings.IndexAny(rest[1:], ".[")
			if end < 0 {
				end = len(rest) - 1
			}
			step, rest = rest[1:1+end], rest[1+end:]
		case rest[0] == '[' && strings.IndexByte(rest, ']') > 0:
			end := strings.IndexByte(rest, ']')
			step, rest = rest[:end], rest[end+1:]
			if n, err := strconv.Atoi(step[1:]); err != nil || n < 0 {
				step = ""
			}
		default:
			step = ""
		}
		if step == "" {
			return p, "is " + text + "; write a place like $.detail.id, $.resources[0] or $input.id"
		}
		p.path = append(p.path, step)
	}
	return p, ""
}

// IsZero says whether the config left the place out.
func (p Place) IsZero() bool { return !p.isPath && p.constant == "" }

// Value is what stands there, nil if nothing does. A constant is a JSON string.
func (p Place) Value(d *Delivery) event.Value {
	if !p.isPath {
		return event.AppendString(nil, p.constant)
	}
	v := d.Event()
	if p.ofInput {
		v = d.Input()
	}
	for _, step := range p.path {
		if step[0] != '[' {
			v = v.Get(step)
			continue
		}
		n, _ := strconv.Atoi(step[1:])
		v = item(v, n)
	}
	return v
}

func item(v event.Value, n int) event.Value {
	for i := range v.Items() {
		if n == 0 {
			return i
		}
		n--
	}
	return nil
}

// Text is what stands there as text: a string's content, another value's JSON, "" for
// null and for nothing.
func (p Place) Text(d *Delivery) string {
	v := p.Value(d)
	if s, ok := v.Text(); ok {
		return s
	}
	if v.Kind() == event.Null {
		return ""
	}
	return string(v)
}
