package archtest

import (
	"go/ast"
	"strings"
	"testing"
)

const (
	maxFile = 600
	maxFunc = 60
)

// long names the files and functions ("file.go:Func") that may be longer, and why.
var long = map[string]string{}

func TestFilesAndFunctionsAreShort(t *testing.T) {
	used := map[string]bool{}
	for _, s := range sources(t) {
		if s.test || ast.IsGenerated(s.file) {
			continue
		}
		if n := s.line(s.file.FileEnd); n > maxFile {
			report(t, used, s.path, n, maxFile)
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			if n := s.line(f.Body.End()) - s.line(f.Pos()) + 1; n > maxFunc {
				report(t, used, s.path+":"+f.Name.Name, n, maxFunc)
			}
		}
	}
	for what := range long {
		if !used[what] {
			t.Errorf("%s is short now; take its exception out", what)
		}
	}
}

func report(t *testing.T, used map[string]bool, what string, n, most int) {
	t.Helper()
	if _, excused := long[what]; excused {
		used[what] = true
		return
	}
	t.Errorf("%s has %d lines, the limit is %d; split it or say in archtest why it may not be", what, n, most)
}

// TestNoUnfinishedMarks: what is not done stands in an issue, not in the code.
func TestNoUnfinishedMarks(t *testing.T) {
	marks := []string{"TO" + "DO", "FIX" + "ME", "XX" + "X"}
	for _, s := range sources(t) {
		for _, group := range s.file.Comments {
			for _, mark := range marks {
				if strings.Contains(group.Text(), mark) {
					t.Errorf("%s:%d: a comment says %s; open an issue or do it", s.path, s.line(group.Pos()), mark)
				}
			}
		}
	}
}
