// Package toolchain compiles plugins of every language that has an SDK, with the compilers
// that are on this machine. What is missing is an error that says how to get it.
//
// Only npm packages are fetched, at the releases named here, and kept in the user's cache:
// the AssemblyScript compiler, and QuickJS for plugins in JavaScript.
package toolchain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/runtime/pluginkit/gobuild"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// Language is one that plugins are written in.
type Language struct {
	// Name is what --lang takes.
	Name string
	// Source is the plugin's file, by which a folder shows its language, and SDK the file
	// beside it that the SDK is; both are empty for Go, which has packages.
	Source, SDK string
	compile     func(ctx context.Context, dir, out string, needs abi.Grants) error
}

// Languages are all of them, Go first.
var Languages = []Language{
	{Name: "go", compile: func(ctx context.Context, dir, out string, _ abi.Grants) error { return gobuild.Compile(ctx, dir, out) }},
	{"rust", "plugin.rs", "tocsin.rs", rust},
	{"c", "plugin.c", "tocsin.h", c},
	{"assemblyscript", "plugin.ts", "tocsin.ts", assemblyScript},
	{"js", "plugin.js", "tocsin.js", javaScript},
}

// Names are the names of Languages.
func Names() []string {
	names := make([]string, len(Languages))
	for i, l := range Languages {
		names[i] = l.Name
	}
	return names
}

// Named is the language of a name.
func Named(name string) (Language, error) {
	i := slices.IndexFunc(Languages, func(l Language) bool { return l.Name == name })
	if i < 0 {
		return Language{}, fmt.Errorf("--lang %s is not one of %s", name, strings.Join(Names(), ", "))
	}
	return Languages[i], nil
}

// Of is the language of the plugin in dir: that whose source file is there, else Go.
func Of(dir string) Language {
	for _, l := range Languages[1:] {
		if _, err := os.Stat(filepath.Join(dir, l.Source)); err == nil {
			return l
		}
	}
	return Languages[0]
}

// Missing is a compiler that is not on this machine.
type Missing struct{ Language, Hint string }

func (m *Missing) Error() string { return "building a plugin in " + m.Language + " needs " + m.Hint }

// Compile compiles the plugin in dir to the module out. Needs are the manifest's: a
// JavaScript plugin imports what they ask for.
func (l Language) Compile(ctx context.Context, dir, out string, needs abi.Grants) error {
	abs, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	return l.compile(ctx, dir, abs, needs)
}

// run runs a compiler in dir. Its own words are the error.
func run(ctx context.Context, dir, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("%s of %s:\n%s", filepath.Base(program), dir, strings.TrimSpace(text.String()))
	}
	return err
}

// first is the first of the programs that is there and that works says yes to.
func first(works func(program string) bool, programs ...string) string {
	for _, name := range programs {
		if path, err := exec.LookPath(name); err == nil && works(path) {
			return path
		}
	}
	return ""
}

// versions are a program's names in distributions that install several releases, newest
// last, because the plain name comes first.
func versions(name string) []string {
	names := []string{name}
	for n := 14; n <= 22; n++ {
		names = append(names, fmt.Sprintf("%s-%d", name, n))
	}
	return names
}

func output(ctx context.Context, program string, args ...string) string {
	b, err := exec.CommandContext(ctx, program, args...).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
