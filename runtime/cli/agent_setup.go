package cli

import (
	"context"
	_ "embed"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/agent"
	"github.com/tocsin-engine/tocsin/runtime/agentfile"
	machine "github.com/tocsin-engine/tocsin/runtime/app"
	"github.com/tocsin-engine/tocsin/runtime/awsapi"
	"github.com/tocsin-engine/tocsin/runtime/config"
)

// standard is what the agent's wizard makes of the answer "standard".
//
//go:embed templates/agent.json
var standard []byte

// defaultState is the folder of an agent's state below the home folder.
const defaultState = ".local/state/tocsin-agent"

func stateDir(env func(string) (string, bool)) string {
	if dir, _ := env("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "tocsin-agent")
	}
	if home, _ := env("HOME"); home != "" {
		return filepath.Join(home, filepath.FromSlash(defaultState))
	}
	return "tocsin-agent"
}

// files reads the configuration.
func (v *agentVerb) files(ctx context.Context, a *app) ([]rulefile.File, error) {
	if len(v.configs) == 0 {
		return []rulefile.File{{Name: "(standard)", Data: standard}}, nil
	}
	var files []rulefile.File
	for _, name := range v.configs {
		if parameter, ok := strings.CutPrefix(name, "ssm:"); ok {
			text, err := v.parameter(ctx, a, parameter)
			if err != nil {
				return nil, err
			}
			files = append(files, rulefile.File{Name: name, Data: []byte(text)})
			continue
		}
		some, err := readConfigs(name)
		if err != nil {
			return nil, err
		}
		files = append(files, some...)
	}
	return files, nil
}

// readConfigs reads a file, or the *.json and *.conf files of a folder.
func readConfigs(name string) ([]rulefile.File, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	paths := []string{name}
	if info.IsDir() {
		paths = nil
		entries, err := os.ReadDir(name)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if ext := filepath.Ext(e.Name()); !e.IsDir() && (ext == ".json" || ext == ".conf") {
				paths = append(paths, filepath.Join(name, e.Name()))
			}
		}
		if len(paths) == 0 {
			return nil, fmt.Errorf("%s holds no *.json or *.conf: %w", name, fs.ErrNotExist)
		}
	}
	var files []rulefile.File
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		files = append(files, rulefile.File{Name: path, Data: data})
	}
	return files, nil
}

func (v *agentVerb) parameter(ctx context.Context, a *app, name string) (string, error) {
	client, err := a.awsClient(v.ssm, hclog.NewNullLogger())
	if err != nil {
		return "", err
	}
	return agent.Parameter(ctx, client, a.cfg.Region, name)
}

// target is where calls go.
func (v *agentVerb) target(override string) string {
	for _, url := range []string{v.endpoint, override} {
		if url != "" {
			return url
		}
	}
	return config.URL
}

// client makes the client of calls to an endpoint of the configuration.
func (v *agentVerb) client(a *app, override, region string, log hclog.Logger) (*awsapi.Client, error) {
	endpoint := v.target(override)
	if endpoint == "aws" {
		endpoint = ""
	}
	return a.awsClient(endpoint, log)
}

// awsClient makes a client of an endpoint, "" for AWS itself.
func (a *app) awsClient(endpoint string, log hclog.Logger) (*awsapi.Client, error) {
	if u, err := url.Parse(endpoint); endpoint != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		return nil, usagef("write an endpoint like http://127.0.0.1:7575, or aws, not %q", endpoint)
	}
	keys, err := a.signingKeys(endpoint)
	if err != nil {
		return nil, err
	}
	return awsapi.NewClient(awsapi.ClientConfig{Table: agent.Operations(), Config: machine.AWSConfig, Region: a.cfg.Region, Endpoint: endpoint, Credentials: keys, Log: log}), nil
}

// anyone signs calls to a server on this machine: without --keys it takes every signature,
// and with them it says that this one will not do.
var anyone = aws.Credentials{AccessKeyID: "anyone", SecretAccessKey: "anyone"}

// signingKeys are those of the environment; nil means the chain of the AWS SDKs, which is
// not asked for a server on this machine unless it is set up: it would look for an
// instance's metadata, and wait.
func (a *app) signingKeys(endpoint string) (aws.CredentialsProvider, error) {
	id, _ := a.env("TOCSIN_ACCESS_KEY")
	secret, _ := a.env("TOCSIN_SECRET_KEY")
	if (id == "") != (secret == "") {
		return nil, usagef("set both TOCSIN_ACCESS_KEY and TOCSIN_SECRET_KEY, or none of them")
	}
	keys := aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}
	if id == "" {
		if !isLoopback(endpoint) || a.hasAWSKeys() {
			return nil, nil
		}
		keys = anyone
	}
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil }), nil
}

func (a *app) hasAWSKeys() bool {
	return slices.ContainsFunc([]string{"AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"}, func(name string) bool {
		value, _ := a.env(name)
		return value != ""
	})
}

func isLoopback(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// host is what this machine is called.
func (a *app) host() agentfile.Host {
	name, err := os.Hostname()
	if err != nil {
		name = "" // the placeholder then says that it is unknown
	}
	return agentfile.Host{Name: name, LocalName: name, Address: ownAddress(), Region: a.cfg.Region, Account: a.cfg.Account}
}

// ownAddress is the first address of this machine that others could reach.
func ownAddress() string {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return ""
	}
	for _, address := range addresses {
		if n, ok := address.(*net.IPNet); ok && n.IP.IsGlobalUnicast() && n.IP.To4() != nil {
			return n.IP.String()
		}
	}
	return ""
}
