package config

import (
	"fmt"
	"slices"

	"github.com/spf13/pflag"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/rules/yaml"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// codeSetting is the code of every finding about a configuration file.
const codeSetting = "C001"

// FromFile sets every flag of fs that was given neither on the command line nor in the
// environment from a configuration file: the strict YAML of rule files, one level of
// keys. A key that is no setting is a finding; one of another verb is passed over.
func FromFile(fs *pflag.FlagSet, name string, data []byte) diag.List {
	doc, list := yaml.Parse(name, data)
	if doc.Root == nil {
		return list
	}
	if doc.Root.Kind != event.Object {
		return append(list, finding(name, "", doc.Root.Pos, "the file holds no settings", "write `key: value` lines"))
	}
	for _, m := range doc.Root.Members {
		if f := fromFile(fs, name, m); f != nil {
			list = append(list, *f)
		}
	}
	list.Sort()
	return list
}

func finding(file, path string, at diag.Pos, message, label string) diag.Finding {
	return diag.Finding{Code: codeSetting, File: file, Pos: at, Path: path, Message: message, Label: label}
}

func fromFile(fs *pflag.FlagSet, file string, m source.Member) *diag.Finding {
	i := slices.IndexFunc(Settings, func(s Setting) bool { return s.Key() == m.Name && s.Name != "config" })
	if i < 0 {
		f := finding(file, m.Name, m.Pos, fmt.Sprintf("unknown setting %q", m.Name), "")
		if near := diag.Nearest(m.Name, fileKeys()); near != "" {
			f.Label = fmt.Sprintf("did you mean %q?", near)
		}
		f.Help = "tocsin help environment lists the settings"
		return &f
	}
	f := fs.Lookup(Settings[i].Name)
	if f == nil || f.Changed { // another verb's, or given nearer to the person
		return nil
	}
	values := []*source.Value{m.Value}
	if m.Value.Kind == event.Array {
		values = m.Value.Items
	}
	for _, v := range values {
		if v.Kind == event.Array || v.Kind == event.Object || v.Kind == event.Null {
			f := finding(file, m.Name, v.Pos, fmt.Sprintf("%q takes a value, not %s", m.Name, v.Kind), "write one value or a list of values")
			return &f
		}
		if err := f.Value.Set(v.Text); err != nil {
			f := finding(file, m.Name, v.Pos, fmt.Sprintf("%q does not take %q", m.Name, v.Text), err.Error())
			return &f
		}
	}
	f.Changed = true
	return nil
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
