package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// Register makes a flag of every setting of the scopes and puts its default into c.
func Register(fs *pflag.FlagSet, c *Config, scope Scope) {
	for _, s := range Settings {
		if s.Scope&scope == 0 {
			continue
		}
		v := &value{Setting: s, into: s.field(c)}
		if s.Default != "" {
			if err := v.set(s.Default); err != nil {
				panic("BUG: default of " + s.Name + ": " + err.Error())
			}
		}
		f := fs.VarPF(v, s.Name, s.Short, s.Help)
		switch v.into.(type) {
		case *bool:
			f.NoOptDefVal = "true"
		case *int:
			if s.Name == "verbose" { // -v -v counts
				f.NoOptDefVal = "+1"
			}
		}
	}
}

// value is one setting as a pflag.Value.
type value struct {
	Setting
	into any
	// set once by flag, environment or file: a list is then added to, not replaced.
	given bool
}

var _ pflag.Value = (*value)(nil)

// Set reads one value as a person wrote it.
func (v *value) Set(text string) error {
	err := v.set(text)
	v.given = true
	return err
}

func (v *value) set(text string) error {
	if v.Choices != nil && !slices.Contains(v.Choices, text) {
		return fmt.Errorf("write one of %s", strings.Join(v.Choices, ", "))
	}
	switch into := v.into.(type) {
	case *string:
		*into = text
	case *bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("write true or false")
		}
		*into = b
	case *int:
		return setInt(into, text)
	case *time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return fmt.Errorf("write a duration like 30s or 5m")
		}
		*into = d
	case *[]string:
		if !v.given {
			*into = nil
		}
		for part := range strings.SplitSeq(text, ",") {
			*into = append(*into, strings.TrimSpace(part))
		}
	}
	return nil
}

func setInt(into *int, text string) error {
	if text == "+1" {
		*into++
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return fmt.Errorf("write a whole number, 0 or more")
	}
	*into = n
	return nil
}

// String is the value as a person would write it; pflag shows the default with it.
func (v *value) String() string {
	switch into := v.into.(type) {
	case *string:
		return *into
	case *bool:
		return strconv.FormatBool(*into)
	case *int:
		return strconv.Itoa(*into)
	case *time.Duration:
		return into.String()
	case *[]string:
		return strings.Join(*into, ",")
	}
	return ""
}

// Type names the kind of value in help texts.
func (v *value) Type() string {
	switch v.into.(type) {
	case *bool:
		return "bool"
	case *int:
		if v.Name == "verbose" {
			return "count"
		}
		return "N"
	case *time.Duration:
		return "DURATION"
	case *[]string:
		return "PATH,…"
	}
	return "TEXT"
}

// OwnMeaning annotates a verb's flag that is called as a setting is and means something
// else there, as the --config of plugin call: the setting's variable is not for it.
const OwnMeaning = "tocsin_own_meaning"

// FromEnv sets every flag that was not given from its environment variable. It works on
// any flag set: each flag of the program has one, also those that are not in the table.
func FromEnv(fs *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var first error
	fs.VisitAll(func(f *pflag.Flag) {
		text, ok := lookup(EnvName(f.Name))
		if !ok || text == "" || f.Changed || first != nil || f.Annotations[OwnMeaning] != nil {
			return
		}
		if err := fs.Set(f.Name, text); err != nil {
			first = fmt.Errorf("%s=%q: %w", EnvName(f.Name), text, reason(err))
		}
	})
	return first
}

// Environ is the environment in which another process of this program has the settings
// of fs that are not the default: NAME=value.
func Environ(fs *pflag.FlagSet) []string {
	var env []string
	fs.VisitAll(func(f *pflag.Flag) {
		if _, ours := f.Value.(*value); ours && f.Value.String() != f.DefValue {
			env = append(env, EnvName(f.Name)+"="+f.Value.String())
		}
	})
	return env
}

// reason strips what pflag wraps around a Value's own error: it names the flag, and the
// person wrote a variable or a file.
func reason(err error) error {
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return invalid.Unwrap()
	}
	return err
}
