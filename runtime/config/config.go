package config

import (
	"strings"
	"time"
)

// Scope says which verbs have a setting.
type Scope uint8

// Everywhere is for all verbs, Client for those that talk to a server, Server for those
// that are one, Agent for the agent. A setting can be for several of the latter.
const (
	Everywhere Scope = 1 << iota
	Client
	Server
	Agent
)

// Config holds the value of every setting.
type Config struct {
	// File is the configuration file; "" means tocsin.yaml if there is one.
	File string
	// Color is auto, always or never.
	Color string
	// Quiet leaves findings and data only; Verbose counts -v.
	Quiet   bool
	Verbose int

	// URL is where the server is, for its clients.
	URL string

	// Rules are the folders and files of the rule set.
	Rules []string
	// Data is the folder of the durable store; "" keeps everything in memory.
	Data string
	// Listen is the address of the server's door.
	Listen string
	// TLSCert and TLSKey are PEM files; both or none.
	TLSCert, TLSKey string
	// Keys is a file of access keys, "" for none.
	Keys string
	// Account and Region are those that the server speaks for.
	Account, Region string
	// OTLPDimensions are the resource attributes that become dimensions of metrics that
	// come through OTLP.
	OTLPDimensions []string
	// StatsD is the UDP address of the StatsD door, "" for none; StatsDInterval how long
	// it sums samples up, StatsDNamespace the namespace of its metrics.
	StatsD          string
	StatsDInterval  time.Duration
	StatsDNamespace string
	// XRay is the address of the X-Ray daemon in the box, "" or "off" for none.
	XRay string
	// SamplingRules is a file of X-Ray's sampling rules, "" for the default rule alone.
	SamplingRules string
	// RateLimit is how many requests a second each access key may make; 0 is any.
	RateLimit int
	// MaxHops is how many targets may stand between an event and its origin.
	MaxHops int
	// Drain bounds how long the server waits for deliveries when it is told to stop.
	Drain time.Duration
	// Cache is the folder of compiled plugins.
	Cache string
	// TrustedKeys are PEM files of public keys; with any, a plugin that has a file needs a
	// signature of one of them.
	TrustedKeys []string
	// LambdaState is where a Lambda function remembers: dynamodb:TABLE, or "" for nowhere.
	LambdaState string
	// LambdaEmit is the bus of EventBridge that gets what the targets of a Lambda function
	// emit; "" matches it in the same invocation.
	LambdaEmit string
	// LogLevel and LogFormat are those of the server's log.
	LogLevel, LogFormat string
}

// Defaults that others need too: Rules is the folder of the rules, Account and Region
// are what an event gets that says nothing, URL is where a server is.
const (
	Rules   = "rules"
	Account = "000000000000"
	Region  = "us-east-1"
	URL     = "http://127.0.0.1:7575"
	// OTLPDimensions tell where something runs, and do not change at each start: a
	// metric's identity is all its dimensions.
	OTLPDimensions = "deployment.environment.name,deployment.environment,host.name,k8s.cluster.name,k8s.namespace.name"
)

// Setting is one line of the table.
type Setting struct {
	// Name is the flag's: "log-level".
	Name string
	// Short is the flag's letter, "" for none.
	Short string
	Scope Scope
	// Default is the value as a person would write it.
	Default string
	// Choices are the values there are, nil where there is no such list.
	Choices []string
	// Help is one line, lower case, without a full stop. A word in back quotes names
	// the value.
	Help string
	// field is where the value goes: *string, *bool, *int, *[]string or *time.Duration.
	field func(*Config) any
}

// Env is the setting's environment variable.
func (s Setting) Env() string { return EnvName(s.Name) }

// Key is the setting's name in the configuration file.
func (s Setting) Key() string { return strings.ReplaceAll(s.Name, "-", "_") }

// EnvName is the environment variable of a flag: TOCSIN_LOG_LEVEL of log-level.
func EnvName(flag string) string {
	return "TOCSIN_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// Settings is the table.
var Settings = []Setting{
	{Name: "config", Scope: Everywhere, Help: "read settings from this `FILE` (tocsin.yaml if it is there)",
		field: func(c *Config) any { return &c.File }},
	{Name: "color", Scope: Everywhere, Default: "auto", Choices: []string{"auto", "always", "never"}, Help: "colour the output: auto, always or never",
		field: func(c *Config) any { return &c.Color }},
	{Name: "quiet", Short: "q", Scope: Everywhere, Default: "false", Help: "print findings and data only",
		field: func(c *Config) any { return &c.Quiet }},
	{Name: "verbose", Short: "v", Scope: Everywhere, Default: "0", Help: "print reasons; -vv prints timings too",
		field: func(c *Config) any { return &c.Verbose }},

	{Name: "server", Scope: Client, Default: URL, Help: "where the server is, as a `URL`",
		field: func(c *Config) any { return &c.URL }},

	{Name: "rules", Scope: Server, Default: Rules, Help: "folders or files of rules; repeat it or separate them by commas",
		field: func(c *Config) any { return &c.Rules }},
	{Name: "data", Scope: Server, Help: "keep events, deliveries and state in this `DIR`; without it they are lost when the server ends",
		field: func(c *Config) any { return &c.Data }},
	{Name: "listen", Scope: Server, Default: "127.0.0.1:7575", Help: "the `ADDRESS` to listen on; one that others can reach needs --keys",
		field: func(c *Config) any { return &c.Listen }},
	{Name: "tls-cert", Scope: Server, Help: "PEM `FILE` of the certificate chain; read again when it changes",
		field: func(c *Config) any { return &c.TLSCert }},
	{Name: "tls-key", Scope: Server, Help: "PEM `FILE` of the private key",
		field: func(c *Config) any { return &c.TLSKey }},
	{Name: "keys", Scope: Server, Help: "`FILE` of access keys, a line each: ACCESS_KEY_ID SECRET; requests must then be signed (SigV4)",
		field: func(c *Config) any { return &c.Keys }},
	{Name: "account", Scope: Server | Agent, Default: Account, Help: "the AWS account id to speak for",
		field: func(c *Config) any { return &c.Account }},
	{Name: "region", Scope: Client | Server | Agent, Default: Region, Help: "the AWS region to speak for, and to sign for",
		field: func(c *Config) any { return &c.Region }},
	{Name: "statsd", Scope: Server, Help: "take StatsD metrics on this UDP `ADDRESS`, as :8125; without a host only this machine can send",
		field: func(c *Config) any { return &c.StatsD }},
	{Name: "statsd-interval", Scope: Server, Default: "10s", Help: "sum StatsD samples up for this long",
		field: func(c *Config) any { return &c.StatsDInterval }},
	{Name: "statsd-namespace", Scope: Server, Default: "CWAgent", Help: "the `NAMESPACE` of StatsD metrics",
		field: func(c *Config) any { return &c.StatsDNamespace }},
	{Name: "otlp-dimensions", Scope: Server, Default: OTLPDimensions, Help: "resource attributes of OTLP `NAME,…` that become dimensions of its metrics",
		field: func(c *Config) any { return &c.OTLPDimensions }},
	{Name: "xray", Scope: Server, Default: "127.0.0.1:2000", Help: "the `ADDRESS` of the X-Ray daemon in the box, UDP and TCP, or off; nothing is signed there",
		field: func(c *Config) any { return &c.XRay }},
	{Name: "sampling-rules", Scope: Server, Help: "`FILE` of X-Ray sampling rules, as aws xray get-sampling-rules prints them (AWS's default rule alone)",
		field: func(c *Config) any { return &c.SamplingRules }},
	{Name: "rate-limit", Scope: Server, Default: "0", Help: "throttle an access key beyond `N` requests a second, 2N after a pause; 0 throttles nobody",
		field: func(c *Config) any { return &c.RateLimit }},
	{Name: "max-hops", Scope: Server, Default: "8", Help: "cut a loop after this many targets",
		field: func(c *Config) any { return &c.MaxHops }},
	{Name: "drain", Scope: Server, Default: "10s", Help: "when told to stop, wait this long for deliveries that run",
		field: func(c *Config) any { return &c.Drain }},
	{Name: "cache", Scope: Server, Help: "`DIR` of compiled plugins (the user's cache folder)",
		field: func(c *Config) any { return &c.Cache }},
	{Name: "trusted-keys", Scope: Server, Help: "PEM `FILES` of public keys; load only plugins that one of them has signed",
		field: func(c *Config) any { return &c.TrustedKeys }},
	{Name: "lambda-state", Scope: Server, Help: "in a Lambda function, remember in this table: `dynamodb:TABLE`",
		field: func(c *Config) any { return &c.LambdaState }},
	{Name: "lambda-emit", Scope: Server, Help: "in a Lambda function, put what targets emit on this `BUS` of EventBridge (it is matched in the same invocation)",
		field: func(c *Config) any { return &c.LambdaEmit }},
	{Name: "log-level", Scope: Server | Agent, Default: "info", Choices: []string{"trace", "debug", "info", "warn", "error"}, Help: "how much to log: trace, debug, info, warn or error",
		field: func(c *Config) any { return &c.LogLevel }},
	{Name: "log-format", Scope: Server | Agent, Default: "auto", Choices: []string{"auto", "text", "json"}, Help: "text, json, or auto: text on a terminal, json elsewhere",
		field: func(c *Config) any { return &c.LogFormat }},
}
