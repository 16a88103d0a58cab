package template_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tocsin-engine/tocsin/runtime/lambdapack"
	"github.com/tocsin-engine/tocsin/runtime/lambdapack/template"
)

// TestSAMIsLinted has cfn-lint read the templates, where it is installed.
func TestSAMIsLinted(t *testing.T) {
	linter, err := exec.LookPath("cfn-lint")
	if err == nil {
		err = exec.Command(linter, "--version").Run()
	}
	if err != nil {
		t.Skip("skipped: cfn-lint of the SAM templates; it is not there (pip install cfn-lint)")
	}
	var files []string
	for name, p := range map[string]lambdapack.Plan{"full": full(), "bare": bare()} {
		dir := filepath.Join(t.TempDir(), name)
		write(t, dir, template.SAM(p))
		put(t, filepath.Join(dir, p.Zip.Path), "PK")
		files = append(files, filepath.Join(dir, "template.yaml"))
	}
	if out, err := exec.Command(linter, files...).CombinedOutput(); err != nil {
		t.Errorf("cfn-lint: %v\n%s", err, out)
	}
}
