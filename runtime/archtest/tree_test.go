package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const (
	module = "github.com/tocsin-engine/tocsin"
	root   = "../.."
)

// source is one Go file of the tree.
type source struct {
	path string // from the root, with slashes
	dir  string
	test bool
	fset *token.FileSet
	file *ast.File
}

// floor is the top-level folder the file is in.
func (s source) floor() string { return floorOf(s.dir) }

func floorOf(p string) string {
	top, _, _ := strings.Cut(p, "/")
	return top
}

func (s source) line(p token.Pos) int { return s.fset.Position(p).Line }

// imports yields the import paths of the file with their lines.
func (s source) imports() map[string]int {
	m := map[string]int{}
	for _, spec := range s.file.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		m[p] = s.line(spec.Pos())
	}
	return m
}

// local returns the folder of an import path of this module.
func local(importPath string) (dir string, ok bool) {
	return strings.CutPrefix(importPath, module+"/")
}

func isStd(importPath string) bool {
	return !strings.Contains(floorOf(importPath), ".")
}

// sources are all Go files below the root, parsed once for all tests.
func sources(t *testing.T) []source {
	t.Helper()
	all, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no Go file found: the walk is broken")
	}
	return all
}

var parsed = sync.OnceValues(func() (all []source, err error) {
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && p != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules" || name == "bin") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, p, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		all = append(all, source{rel, path.Dir(rel), strings.HasSuffix(name, "_test.go"), fset, f})
		return nil
	})
	return all, err
})

// topLevel is what may lie at the root beside dot files.
var topLevel = map[string]bool{
	"sdk": true, "ingest": true, "rules": true, "plugins": true, "runtime": true, "examples": true,
	"go.mod": true, "go.sum": true, "Makefile": true, "README.md": true, "LICENSE": true,
}

func TestTopLevel(t *testing.T) {
	ignored, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := e.Name()
		built := strings.Contains("\n"+string(ignored), "\n/"+name+"/\n")
		if !topLevel[name] && !built && !strings.HasPrefix(name, ".") {
			t.Errorf("%s lies at the top of the tree; it belongs into one of the six folders", name)
		}
	}
	for _, s := range sources(t) {
		if s.dir == "runtime" || s.dir == "." {
			t.Errorf("%s: no Go file sits in %s itself, so that nobody imports a package called runtime", s.path, s.dir)
		}
	}
}

func TestEveryPackageHasAComment(t *testing.T) {
	has, files := map[string]bool{}, map[string]string{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		files[s.dir] = s.path
		if s.file.Doc.Text() != "" {
			has[s.dir] = true
		}
	}
	for dir, file := range files {
		if !has[dir] {
			t.Errorf("%s has no package comment; write one in %s/doc.go", file, dir)
		}
	}
}

// TestDependenciesAreExplained wants every direct dependency of go.mod to be named in
// RATIONALE.md.
func TestDependenciesAreExplained(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	why, err := os.ReadFile(filepath.Join(root, "runtime", "RATIONALE.md"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mod)) {
		fields := strings.Fields(strings.TrimPrefix(line, "require "))
		if len(fields) < 2 || !strings.Contains(floorOf(fields[0]), ".") || strings.Contains(line, "// indirect") {
			continue
		}
		if fields[0] != module && !strings.Contains(string(why), "`"+fields[0]+"`") {
			t.Errorf("%s is a dependency; runtime/RATIONALE.md does not say what it would cost to drop", fields[0])
		}
	}
}

// TestRuntimePackagesAreListed: runtime/README.md is the way in, so it names every
// package of the first level.
func TestRuntimePackagesAreListed(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "runtime", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, s := range sources(t) {
		name, below := strings.CutPrefix(s.dir, "runtime/")
		name = floorOf(name)
		if !below || seen[name] || name == "cmd" {
			continue
		}
		seen[name] = true
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("runtime/README.md does not say what %s is for", name)
		}
	}
}
