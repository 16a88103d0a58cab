package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/spf13/pflag"

	"github.com/tocsin-engine/tocsin/rules/diag"
)

// FromFile sets every flag of fs that was given neither on the command line nor in the
// environment from a configuration file: YAML (or JSON, which is YAML too), one level
// of keys. A key that is no setting is an error even if another verb has it not.
func FromFile(fs *pflag.FlagSet, name string, data []byte) error {
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return fmt.Errorf("%s: %s", name, firstLine(err.Error()))
	}
	var all []error
	seen := map[string]bool{}
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		entries, ok := mapping(doc.Body)
		if !ok {
			return fmt.Errorf("%s: write settings as `key: value` lines", name)
		}
		for _, entry := range entries {
			key := entry.Key.GetToken()
			if err := setFromFile(fs, seen, key.Value, entry.Value); err != nil {
				all = append(all, fmt.Errorf("%s:%d:%d: %s: %w", name, key.Position.Line, key.Position.Column, key.Value, err))
			}
		}
	}
	return errors.Join(all...)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

func mapping(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

func setFromFile(fs *pflag.FlagSet, seen map[string]bool, key string, node ast.Node) error {
	i := slices.IndexFunc(Settings, func(s Setting) bool { return s.Key() == key && s.Name != "config" })
	if i < 0 {
		return unknownKey(key)
	}
	if seen[key] {
		return errors.New("this key stands twice")
	}
	seen[key] = true
	texts, err := scalars(node)
	if err != nil {
		return err
	}
	f := fs.Lookup(Settings[i].Name)
	if f == nil || f.Changed { // another verb's, or given nearer to the person
		return nil
	}
	for _, text := range texts {
		if err := f.Value.Set(text); err != nil {
			return err
		}
	}
	f.Changed = true
	return nil
}

func unknownKey(key string) error {
	if near := diag.Nearest(key, fileKeys()); near != "" {
		return fmt.Errorf("no setting is called so; did you mean %q?", near)
	}
	return fmt.Errorf("no setting is called so; the settings: %s", strings.Join(fileKeys(), ", "))
}

func fileKeys() []string {
	var keys []string
	for _, s := range Settings {
		if s.Name != "config" {
			keys = append(keys, s.Key())
		}
	}
	return keys
}

// scalars are the texts of a value: of one scalar, or of a list of them.
func scalars(n ast.Node) ([]string, error) {
	switch n := n.(type) {
	case *ast.SequenceNode:
		var all []string
		for _, item := range n.Values {
			texts, err := scalars(item)
			if err != nil {
				return nil, err
			}
			all = append(all, texts...)
		}
		return all, nil
	case *ast.StringNode:
		return []string{n.Value}, nil
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode:
		return []string{n.GetToken().Value}, nil
	case *ast.NullNode:
		return nil, errors.New("write a value, or take the line out")
	}
	return nil, errors.New("write one value or a list of values; a setting has no keys below it")
}
