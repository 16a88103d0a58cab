package ruledir_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/ruledir"
)

func names(files []rulefile.File) (all []string) {
	for _, f := range files {
		all = append(all, f.Name)
	}
	return all
}

func TestRead(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{
		"rules/b.yaml", "rules/a.yml", "rules/deep/c.yaml", "rules/event.json", "rules/a_test.yaml", "rules/README.md",
		"rules/.hidden.yaml", "rules/.git/d.yaml", "rules/testdata/e.json", "rules/plugin.yaml", "rules/x.plugin.yaml", "one.conf",
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ruledir.Read([]string{"rules", "./rules/b.yaml", "one.conf"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"one.conf", "rules/a.yml", "rules/b.yaml", "rules/deep/c.yaml"}, names(got.Rules)); diff != "" {
		t.Errorf("rule files (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"rules/a_test.yaml"}, names(got.Tests)); diff != "" {
		t.Errorf("test files (-want +got):\n%s", diff)
	}
	if _, err := ruledir.Read([]string{"nowhere"}); err == nil || err.Error() != "there is no file or folder nowhere" {
		t.Errorf("Read(nowhere): %v", err)
	}
}
