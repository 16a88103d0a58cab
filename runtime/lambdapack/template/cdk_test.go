package template_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/lambdapack"
	"github.com/tocsin-engine/tocsin/runtime/lambdapack/template"
	"github.com/tocsin-engine/tocsin/runtime/npmtest"
)

// TestCDKMakesWhatSAMMakes compiles the projects of two plans with the TypeScript compiler
// and runs them with the CDK, both of the versions that the project itself names. The
// resources of its CloudFormation are those of the SAM template, property for property.
func TestCDKMakesWhatSAMMakes(t *testing.T) {
	plans := map[string]lambdapack.Plan{"full": full(), "bare": bare()}
	dir := t.TempDir()
	for name, p := range plans {
		write(t, filepath.Join(dir, name), template.CDK(p))
		if err := os.WriteFile(filepath.Join(dir, name, p.Zip.Path), []byte("PK"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	packages := npmtest.Install(t, "cdk", withoutCLI(t, dir))
	if err := os.Symlink(filepath.Join(packages, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "tsconfig.json"), `{"extends": "./full/tsconfig.json", "compilerOptions": {"outDir": "."}, "files": ["full/app.ts", "bare/app.ts"]}`)
	put(t, filepath.Join(dir, "synth.js"), `for (const name of ["full", "bare"]) { process.chdir(__dirname + "/" + name); process.env.CDK_OUTDIR = "out"; require("./" + name + "/app.js"); }`)
	run(t, dir, filepath.Join(packages, "node_modules", ".bin", "tsc"), "--project", "tsconfig.json")
	run(t, dir, "node", "synth.js")
	for name, p := range plans {
		made, err := os.ReadFile(filepath.Join(dir, name, "out", p.Function.Name+".template.json"))
		if err != nil {
			t.Fatal(err)
		}
		cdk, sam := readJSON(t, made), readYAML(t, template.SAM(p)[0].Data)
		if diff := cmp.Diff(substance(t, sam), substance(t, cdk)); diff != "" {
			t.Errorf("%s: resources (-SAM +CDK):\n%s", name, diff)
		}
		for parameter, want := range sam.Parameters {
			if diff := cmp.Diff(want, cdk.Parameters[parameter]); diff != "" {
				t.Errorf("%s: parameter %s (-SAM +CDK):\n%s", name, parameter, diff)
			}
		}
	}
}

// withoutCLI is the file of the project's package.json without the CDK's command line, for
// which the test calls what that would call.
func withoutCLI(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "full", "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest map[string]any
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	delete(manifest["devDependencies"].(map[string]any), "aws-cdk")
	file := filepath.Join(dir, "package.json")
	put(t, file, string(asJSON(t, manifest)))
	return file
}

func write(t *testing.T, dir string, files []template.File) {
	t.Helper()
	for _, f := range files {
		put(t, filepath.Join(dir, filepath.FromSlash(f.Name)), string(f.Data))
	}
}

func put(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(program), err, out)
	}
}
