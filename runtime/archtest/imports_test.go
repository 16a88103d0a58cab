package archtest

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// floors says which other top-level folders each one may import.
var floors = map[string][]string{
	"sdk":      nil,
	"ingest":   {"sdk"},
	"rules":    {"sdk"},
	"plugins":  {"sdk"},
	"runtime":  {"sdk", "ingest", "rules", "plugins"},
	"examples": {"sdk", "ingest", "rules", "plugins", "runtime"},
}

func TestImportDirection(t *testing.T) {
	for _, s := range sources(t) {
		for imported, line := range s.imports() {
			dir, ok := local(imported)
			if !ok || floorOf(dir) == s.floor() {
				continue
			}
			if s.dir == "runtime/cmd/tocsin" && dir == "examples/shop" {
				continue // the demo comes with the binary (RATIONALE.md)
			}
			if !slices.Contains(floors[s.floor()], floorOf(dir)) {
				t.Errorf("%s:%d: imports %s; the direction is sdk <- {ingest, rules, plugins} <- runtime <- examples", s.path, line, dir)
			}
		}
	}
}

// ban is one import that some part of the tree must not have, and why.
type ban struct {
	in     string // folder prefix
	tests  bool   // holds for test files too
	banned func(importPath string) bool
	why    string
}

func is(paths ...string) func(string) bool {
	return func(p string) bool { return slices.Contains(paths, p) }
}

func under(prefix string) func(string) bool {
	return func(p string) bool { return p == prefix || strings.HasPrefix(p, prefix+"/") }
}

var bans = []ban{
	{"sdk", false, func(p string) bool { _, own := local(p); return !own && !isStd(p) },
		"plugin authors get the SDK without anybody else's code, so it is standard library only"},
	{"sdk", false, is("encoding/json"),
		"in a guest encoding/json costs 150 µs a call and half a megabyte of module"},
	{"rules", false, is("os", "os/exec", "os/signal", "io/ioutil", "syscall"),
		"rules are pure: the caller reads the files"},
	{"rules", false, func(p string) bool { return under("net")(p) && p != "net/netip" },
		"rules are pure: nothing that decides about an event may wait for a network (netip only reads addresses)"},
	{"rules", false, is("log", "log/slog", "github.com/hashicorp/go-hclog"),
		"rules return what they have to say; the caller logs it"},
	{"rules", false, is("math/rand", "math/rand/v2", "crypto/rand"),
		"the same event and rules give the same answer"},
	{"rules", false, func(p string) bool {
		_, own := local(p)
		return !own && !isStd(p) && !under("github.com/expr-lang/expr")(p)
	}, "rules need the expression language, nothing else of others"},
	{"ingest", false, is("github.com/hashicorp/go-hclog", "log", "log/slog"),
		"a parser returns its error; the host counts and logs it"},
	{"plugins", false, is("encoding/json"),
		"a guest shapes JSON with the SDK; encoding/json costs 150 µs a call and half a megabyte of module"},
	{"runtime/cli", false, is("log", "log/slog"),
		"the terminal is the log of the command line"},
	{"", false, is("github.com/tocsin-engine/tocsin/sdk/sharedtest"),
		"only tests read the shared data"},
	{"", true, is("github.com/stretchr/testify/assert", "github.com/stretchr/testify/require"),
		"tests use the standard library and go-cmp"},
	{"", true, is("math/rand"),
		"math/rand/v2 needs no seed and has no global lock"},
}

// isGuestHelper names the packages beside guests that run on the host: one embeds the
// built modules, one is the fake host of tests.
func isGuestHelper(dir string) bool {
	return slices.Contains([]string{"plugins", "sdk/target/targettest", "sdk/abi/tck"}, dir)
}

func TestForbiddenImports(t *testing.T) {
	for _, s := range sources(t) {
		for imported, line := range s.imports() {
			for _, b := range bans {
				in := b.in == "" || s.dir == b.in || strings.HasPrefix(s.dir, b.in+"/")
				if !in || s.test && !b.tests || !b.banned(imported) {
					continue
				}
				if (b.in == "plugins" || b.in == "sdk") && isGuestHelper(s.dir) || b.in == "" && s.dir == "sdk/sharedtest" {
					continue
				}
				t.Errorf("%s:%d: imports %s: %s", s.path, line, imported, b.why)
			}
		}
	}
}

// clock are the functions of package time that read the clock or wait for it.
var clock = []string{"Now", "Since", "Until", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "Sleep"}

// TestRulesArePure: no goroutine and no clock in rules/, outside tests.
func TestRulesArePure(t *testing.T) {
	for _, s := range sources(t) {
		if s.floor() != "rules" || s.test {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s:%d: starts a goroutine; rules are pure", s.path, s.line(n.Pos()))
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clock, n.Sel.Name) {
					t.Errorf("%s:%d: uses time.%s; take now as a parameter", s.path, s.line(n.Pos()), n.Sel.Name)
				}
			}
			return true
		})
	}
}

// TestNoSleepInTests: waiting for time makes a test slow on one machine and wrong on
// another.
func TestNoSleepInTests(t *testing.T) {
	for _, s := range sources(t) {
		if !s.test {
			continue
		}
		_, bubbled := s.imports()["testing/synctest"]
		if bubbled { // inside a bubble time.Sleep is exact and takes no time
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" && sel.Sel.Name == "Sleep" {
				t.Errorf("%s:%d: sleeps; use testing/synctest or wait for the thing itself", s.path, s.line(n.Pos()))
			}
			return true
		})
	}
}
