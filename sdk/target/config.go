package target

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Config is the target's config of the rule file: a JSON object. Its methods collect
// what is wrong, so that one look at the rule file's findings is enough; a function
// given to Configure only reads, and checks what it knows more about with Problem.
type Config struct {
	all      event.Value
	asked    []string
	problems []*Object
}

// Required is the string of that name. It is a problem when it is missing or empty.
func (c *Config) Required(name string) string {
	v := c.Value(name)
	s, ok := v.Text()
	switch {
	case v == nil:
		c.Problem(name, "is missing; write a string")
	case !ok:
		c.Problem(name, "is "+v.Kind().String()+"; write a string")
	case s == "":
		c.Problem(name, "is empty; write a string")
	}
	return s
}

// Text is the string of that name, or otherwise where there is none.
func (c *Config) Text(name, otherwise string) string {
	v := c.Value(name)
	if v == nil {
		return otherwise
	}
	s, ok := v.Text()
	if !ok {
		c.Problem(name, "is "+v.Kind().String()+"; write a string")
	}
	return s
}

// Int is the whole number of that name, or otherwise where there is none.
func (c *Config) Int(name string, otherwise int) int {
	v := c.Value(name)
	if v == nil {
		return otherwise
	}
	n, err := strconv.Atoi(string(v))
	if err != nil {
		c.Problem(name, "is "+string(v)+"; write a whole number")
	}
	return n
}

// Bool is the truth value of that name, or otherwise where there is none.
func (c *Config) Bool(name string, otherwise bool) bool {
	v := c.Value(name)
	if v == nil {
		return otherwise
	}
	if v.Kind() != event.Bool {
		c.Problem(name, "is "+v.Kind().String()+"; write true or false")
	}
	return v.IsTrue()
}

// Value is the JSON value of that name, nil where there is none.
func (c *Config) Value(name string) event.Value {
	c.asked = append(c.asked, name)
	return c.all.Get(name)
}

// Problem notes what a person should change at path, relative to the config: "url",
// "headers.Accept", "" for the whole of it. The message continues the path: "is missing".
func (c *Config) Problem(path, message string) {
	c.problems = append(c.problems, NewObject().Text("path", path).Text("message", message))
}

// result is what init answers. Names that nobody asked for are problems: most are typing
// errors.
func (c *Config) result() []byte {
	for name := range c.all.Members() {
		if !slices.Contains(c.asked, name) {
			c.Problem(name, "is not known here; "+c.known())
		}
	}
	if c.problems == nil {
		return nil
	}
	return NewObject().Objects("problems", c.problems...).JSON()
}

func (c *Config) known() string {
	var names []string
	for _, name := range c.asked {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if names == nil {
		return "this plugin takes no config"
	}
	return "this plugin takes " + strings.Join(names, ", ")
}
