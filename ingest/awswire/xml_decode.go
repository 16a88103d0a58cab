package awswire

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// maxXMLDepth bounds how deep an answer's elements may nest.
const maxXMLDepth = 64

// xmlNode is one element of an answer.
type xmlNode struct {
	name     string
	text     string
	children []*xmlNode
}

// parseXML reads a document into a tree.
func parseXML(raw []byte) (*xmlNode, error) {
	d := xml.NewDecoder(bytes.NewReader(raw))
	root := &xmlNode{}
	stack := []*xmlNode{root}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("awswire: the answer is not XML: %w", err)
		}
		top := stack[len(stack)-1]
		switch t := token.(type) {
		case xml.StartElement:
			if len(stack) > maxXMLDepth {
				return nil, fmt.Errorf("awswire: the answer nests more than %d elements", maxXMLDepth)
			}
			n := &xmlNode{name: t.Name.Local}
			top.children = append(top.children, n)
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.text += string(t)
		}
	}
	if len(root.children) != 1 {
		return nil, errors.New("awswire: the answer is not one XML element")
	}
	return root.children[0], nil
}

// child returns the first child called name, or nil.
func (n *xmlNode) child(name string) *xmlNode {
	if n == nil {
		return nil
	}
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// all returns the children called name.
func (n *xmlNode) all(name string) []*xmlNode {
	var found []*xmlNode
	for _, c := range n.children {
		if c.name == name {
			found = append(found, c)
		}
	}
	return found
}

// content is the trimmed text of the child called name.
func (n *xmlNode) content(name string) string {
	if c := n.child(name); c != nil {
		return strings.TrimSpace(c.text)
	}
	return ""
}

type xmlReader struct{ ec2 bool }

func (r xmlReader) object(n *xmlNode, into reflect.Value, path string) error {
	for _, m := range planOf(into.Type()).members {
		name := m.query
		if r.ec2 {
			name = strings.ToLower(name[:1]) + name[1:]
		}
		if err := r.member(n, name, into.Field(m.index), m, join(path, name)); err != nil {
			return err
		}
	}
	return nil
}

// member reads the member called name of the element n.
func (r xmlReader) member(n *xmlNode, name string, into reflect.Value, m member, path string) error {
	found := n.all(name)
	if len(found) == 0 {
		return nil
	}
	into = settle(into)
	if into.Type() == timeType || into.Type() == bytesType {
		return r.value(found[0], into, path)
	}
	switch into.Kind() {
	case reflect.Slice:
		if !m.flat || r.ec2 {
			item := orElse(m.a, "member")
			if r.ec2 {
				item = "item"
			}
			found = found[0].all(item)
		}
		return r.list(found, into, path)
	case reflect.Map:
		if !m.flat {
			found = found[0].all("entry")
		}
		return r.dictionary(found, into, m, path)
	}
	return r.value(found[0], into, path)
}

func (r xmlReader) value(n *xmlNode, into reflect.Value, path string) error {
	into = settle(into)
	if into.Kind() == reflect.Struct && into.Type() != timeType {
		return r.object(n, into, path)
	}
	text := n.text
	if into.Kind() != reflect.String {
		text = strings.TrimSpace(text)
	}
	if err := setText(into, text); err != nil {
		return fmt.Errorf("awswire: %s: %w", path, err)
	}
	return nil
}

func (r xmlReader) list(items []*xmlNode, into reflect.Value, path string) error {
	into.Set(reflect.MakeSlice(into.Type(), len(items), len(items)))
	for i, item := range items {
		if err := r.value(item, into.Index(i), fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	return nil
}

func (r xmlReader) dictionary(entries []*xmlNode, into reflect.Value, m member, path string) error {
	into.Set(reflect.MakeMap(into.Type()))
	for _, entry := range entries {
		item := reflect.New(into.Type().Elem()).Elem()
		key := entry.content(orElse(m.a, "key"))
		if value := entry.child(orElse(m.b, "value")); value != nil {
			if err := r.value(value, item, join(path, key)); err != nil {
				return err
			}
		}
		into.SetMapIndex(reflect.ValueOf(key).Convert(into.Type().Key()), item)
	}
	return nil
}
