// Package deploy holds the tests of the files beside it: what they say of the program
// holds, and who reads them takes them.
package deploy

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/tocsin-engine/tocsin/runtime/config"
)

// ofClients are the variables that stand in no table: `tocsin status` and its likes sign
// with them.
var ofClients = []string{"TOCSIN_ACCESS_KEY", "TOCSIN_SECRET_KEY"}

var variable = regexp.MustCompile(`TOCSIN_[A-Z_]+`)

// TestVariablesExist: every variable that a file of this folder names is the program's.
func TestVariablesExist(t *testing.T) {
	known := slices.Clone(ofClients)
	for _, s := range config.Settings {
		known = append(known, s.Env())
	}
	seen := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, name := range variable.FindAllString(string(text), -1) {
			seen++
			if !slices.Contains(known, name) && !strings.HasPrefix(name, "TOCSIN_PLUGIN_SECRET_") {
				t.Errorf("%s: there is no variable %s", path, name)
			}
		}
		return nil
	})
	if err != nil || seen == 0 {
		t.Errorf("%d variables in the files of this folder: %v", seen, err)
	}
}

// takes checks that the program takes the values of variables.
func takes(t *testing.T, file string, env map[string]string) {
	t.Helper()
	var c config.Config
	flags := pflag.NewFlagSet(file, pflag.ContinueOnError)
	config.Register(flags, &c, config.Everywhere|config.Server)
	if err := config.FromEnv(flags, func(name string) (string, bool) { v, ok := env[name]; return v, ok }); err != nil {
		t.Errorf("%s: %v", file, err)
	}
}

var assignment = regexp.MustCompile(`(?m)^Environment=(\w+)=(.*)$`)

// TestUnit: systemd takes the unit with and without the file that opens it to others, and
// the program its variables.
func TestUnit(t *testing.T) {
	dir := t.TempDir()
	dropIns := filepath.Join(dir, "tocsin.service.d")
	if err := os.Mkdir(dropIns, 0o750); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for name, folder := range map[string]string{"tocsin.service": dir, "public.conf": dropIns} {
		text, err := os.ReadFile(filepath.Join("systemd", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range assignment.FindAllStringSubmatch(string(text), -1) {
			env[m[1]] = m[2]
		}
		// What a unit starts has to be there; the real one is installed by whoever deploys.
		here := strings.ReplaceAll(string(text), "/usr/local/bin/tocsin", "/bin/true")
		if err := os.WriteFile(filepath.Join(folder, name), []byte(here), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	takes(t, "systemd", env)
	if env["TOCSIN_KEYS"] == "" || env["TOCSIN_DATA"] == "" {
		t.Errorf("the unit's variables are %v", env)
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("skipped: systemd-analyze verify; it is not there (Debian: apt-get install systemd)")
	}
	out, err := exec.Command(analyze, "verify", filepath.Join(dir, "tocsin.service")).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

// taskDefinition is what this test looks at in ECS's.
type taskDefinition struct {
	ContainerDefinitions []struct {
		Name        string
		User        string
		Environment []struct{ Name, Value string }
		HealthCheck struct{ Command []string }
		MountPoints []struct{ ContainerPath string }
	}
}

// TestTaskDefinition: the AWS CLI takes the task definition as the input of
// RegisterTaskDefinition, and the sidecar in it is the image of the Dockerfile.
func TestTaskDefinition(t *testing.T) {
	const file = "ecs/task-definition.json"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var task taskDefinition
	if err := json.Unmarshal(text, &task); err != nil {
		t.Fatal(err)
	}
	app, sidecar := task.ContainerDefinitions[0], task.ContainerDefinitions[1]
	env := map[string]string{}
	for _, v := range sidecar.Environment {
		env[v.Name] = v.Value
	}
	takes(t, file, env)
	if daemon := app.Environment[0]; daemon.Name != "AWS_XRAY_DAEMON_ADDRESS" || daemon.Value != env["TOCSIN_XRAY"] {
		t.Errorf("the app sends segments to %v, the sidecar listens on %s", daemon, env["TOCSIN_XRAY"])
	}
	image := readDockerfile(t)
	if want := strings.Join(image.health, " "); strings.Join(sidecar.HealthCheck.Command[1:], " ") != want {
		t.Errorf("the sidecar's health check is %v, the image's %s", sidecar.HealthCheck.Command, want)
	}
	if sidecar.User != image.user || sidecar.MountPoints[0].ContainerPath != image.volume {
		t.Errorf("user %q, mounted at %q; the image has %q and %q", sidecar.User, sidecar.MountPoints[0].ContainerPath, image.user, image.volume)
	}
	validate(t, file)
}

// validate has the AWS CLI check a file against the operation's model; it sends nothing.
func validate(t *testing.T, file string) {
	t.Helper()
	const aws = "/usr/bin/aws" // Debian's: another may come first in PATH
	if exec.Command(aws, "--version").Run() != nil {
		t.Skip("skipped: the model of RegisterTaskDefinition; /usr/bin/aws is not there (Debian: apt-get install awscli)")
	}
	register := exec.Command(aws, "ecs", "register-task-definition", "--region", "eu-west-1",
		"--cli-input-json", "file://"+file, "--generate-cli-skeleton", "output")
	register.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=any", "AWS_SECRET_ACCESS_KEY=any", "AWS_EC2_METADATA_DISABLED=true")
	if out, err := register.CombinedOutput(); err != nil {
		t.Errorf("aws ecs register-task-definition: %v\n%s", err, out)
	}
}
