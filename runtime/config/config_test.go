package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/tocsin-engine/tocsin/runtime/config"
)

// flags returns a flag set with every setting, registered into c.
func flags(c *config.Config) *pflag.FlagSet {
	fs := pflag.NewFlagSet("test", pflag.ContinueOnError)
	config.Register(fs, c, config.Everywhere|config.Client|config.Server)
	return fs
}

func lookup(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := env[name]; return v, ok }
}

// TestPrecedence: a flag goes before the environment, that before the file, that before
// the default.
func TestPrecedence(t *testing.T) {
	var c config.Config
	fs := flags(&c)
	if err := fs.Parse([]string{"--region", "flag", "-vv", "--rules", "a,b", "--rules=c", "--otlp-dimensions=host.name"}); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"TOCSIN_REGION": "env", "TOCSIN_ACCOUNT": "env", "TOCSIN_DRAIN": "2m", "TOCSIN_LISTEN": ""}
	if err := config.FromEnv(fs, lookup(env)); err != nil {
		t.Fatal(err)
	}
	file := "region: file\naccount: file\nkeys: file\nrules: [file]\nlisten: file:1\nmax_hops: 3\nquiet: true\n"
	if list := config.FromFile(fs, "tocsin.yaml", []byte(file)); list != nil {
		t.Fatal(list)
	}
	want := config.Config{
		Color: "auto", Quiet: true, Verbose: 2, URL: "http://127.0.0.1:7575",
		Rules: []string{"a", "b", "c"}, Listen: "file:1", Keys: "file", Account: "env", Region: "flag",
		StatsDInterval: 10 * time.Second, StatsDNamespace: "CWAgent", OTLPDimensions: []string{"host.name"}, XRay: "127.0.0.1:2000", MaxHops: 3, Drain: 2 * time.Minute, LogLevel: "info", LogFormat: "auto",
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
}

// TestOtherVerbs: one file serves all verbs, so a key of another verb is passed over.
func TestOtherVerbs(t *testing.T) {
	var c config.Config
	fs := pflag.NewFlagSet("client", pflag.ContinueOnError)
	config.Register(fs, &c, config.Client)
	if list := config.FromFile(fs, "f", []byte(`{"listen": "x", "server": "http://h"}`)); list != nil {
		t.Fatal(list)
	}
	if c.URL != "http://h" || c.Listen != "" {
		t.Errorf("config %+v", c)
	}
}

func TestMistakes(t *testing.T) {
	tests := []struct{ args, env, file, want string }{
		{args: "--log-level=loud", want: `invalid argument "loud" for "--log-level" flag: write one of trace, debug, info, warn, error`},
		{args: "--quiet=perhaps", want: `invalid argument "perhaps" for "-q, --quiet" flag: write true or false`},
		{env: "-1", want: `TOCSIN_MAX_HOPS="-1": write a whole number, 0 or more`},
		{file: "max_hop: 1", want: `f:1:1: error C001: max_hop: unknown setting "max_hop"`},
		{file: "drain: -1s", want: `f:1:8: error C001: drain: "drain" does not take "-1s"`},
		{file: "- a", want: `f:1:1: error C001: the file holds no settings`},
		{file: "config: x", want: `f:1:1: error C001: config: unknown setting "config"`},
	}
	for _, tc := range tests {
		var c config.Config
		fs := flags(&c)
		var got []string
		if err := fs.Parse(strings.Fields(tc.args)); err != nil {
			got = append(got, err.Error())
		}
		if err := config.FromEnv(fs, lookup(map[string]string{"TOCSIN_MAX_HOPS": tc.env})); err != nil {
			got = append(got, err.Error())
		}
		for _, f := range config.FromFile(fs, "f", []byte(tc.file)) {
			got = append(got, f.Error())
		}
		if diff := cmp.Diff([]string{tc.want}, got); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", tc, diff)
		}
	}
}

// TestTable: names are unique, and each line has what the documentation prints.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range config.Settings {
		if seen[s.Name] || s.Help == "" || strings.HasSuffix(s.Help, ".") {
			t.Errorf("setting %q: a name twice, or a help that is no single phrase", s.Name)
		}
		seen[s.Name] = true
		if want := "TOCSIN_" + strings.ToUpper(s.Key()); s.Env() != want {
			t.Errorf("Env of %s: %s, want %s", s.Name, s.Env(), want)
		}
	}
}
