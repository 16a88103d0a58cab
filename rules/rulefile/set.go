package rulefile

import (
	"slices"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/expression"
	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/rules/schedule"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/rules/transform"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// Set is a rule set: what all files say together. Names are unique in it.
type Set struct {
	Rules   []Rule
	Targets []Target
	Plugins []Plugin
	// Buses are the custom buses, without "default".
	Buses []string
	// Archives keep events, to replay them.
	Archives []Archive
}

// Archive keeps the events of a bus that match its pattern.
type Archive struct {
	Name, Description string
	// Bus is the bus whose events it keeps; nil in Pattern means all of them.
	Bus     string
	Pattern *pattern.Pattern
	// RetentionDays is how long an event is kept; 0 means for ever.
	RetentionDays int
	File          string
	Pos           diag.Pos
}

// Rule selects events and names the targets that get them.
type Rule struct {
	Name, Description string
	// Bus is the event bus it listens to. Default: "default".
	Bus string
	// Pattern and When both have to hold; one of them may be nil. A rule that has neither
	// has a Schedule.
	Pattern *pattern.Pattern
	When    *expression.Program
	OncePer *OncePer
	// Schedule, if there is one, makes an event of its own for this rule.
	Schedule *schedule.Schedule
	// Disabled rules are checked and match nothing.
	Disabled bool
	Tags     map[string]string
	Targets  []Route
	File     string
	Pos      diag.Pos
}

// OncePer lets a rule match once per key and time.
type OncePer struct {
	Key   *expression.Program
	Every time.Duration
}

// Route is one target of a rule, and what this rule does differently there.
type Route struct {
	Target string
	// Input shapes what the target gets if HasInput; else the target's own input does.
	Input    transform.Input
	HasInput bool
	// Retry and DeadLetter replace the target's where they are not nil.
	Retry      *Retry
	DeadLetter *string
}

// Target is where deliveries go: a plugin and its configuration.
type Target struct {
	Name, Plugin string
	// Config is a JSON object.
	Config []byte
	// Mode is where AWS calls go: "local", to the services in this process, or "aws".
	Mode  string
	Input transform.Input
	Retry *Retry
	// DeadLetter is the queue for what could not be delivered; "" means none.
	DeadLetter string
	// Concurrency is how many calls run at once, Batch how many events one call gets;
	// 0 means the engine's default. Window is how long a batch that is not full waits
	// for more.
	Concurrency, Batch int
	Window             time.Duration
	// OrderBy, if there is one, is what orders deliveries: those with one value are made
	// one after the other.
	OrderBy *expression.Program
	// Record keeps recordings of all calls, and not only of failed ones.
	Record bool
	File   string
	Pos    diag.Pos

	// config is Config with its places, and path where it stands in the file.
	config *source.Value
	path   string
}

// ConfigAt is the place of a part of the target's config, as its plugin names it
// ("headers.Accept", "" for the whole), or of the nearest part there is; and where that
// is in the file's structure.
func (t Target) ConfigAt(part string) (diag.Pos, string) {
	path := child(t.path, "config")
	if t.config == nil {
		return t.Pos, child(path, part)
	}
	pos, v := t.config.Pos, t.config
	for name := range strings.SplitSeq(part, ".") {
		m := slices.IndexFunc(v.Members, func(m source.Member) bool { return m.Name == name })
		if m < 0 {
			break
		}
		pos, v = v.Members[m].Pos, v.Members[m].Value
	}
	return pos, child(path, part)
}

// Retry bounds the attempts of a delivery. The zero value is EventBridge's default.
type Retry struct {
	// Attempts is how often a delivery is tried again, 0–185; nil means 185.
	Attempts *int
	// Within is how old an event may get, 1 minute – 24 hours; 0 means 24 hours.
	Within time.Duration
}

// Plugin is an entry of `plugins:`.
type Plugin struct {
	Name string
	// File is the path of the module or of its manifest, joined to the rule file's
	// folder; "" for a shipped plugin, whose grants and limits are set here.
	File string
	// SHA256 is the digest the module must have, in hexadecimal; "" means any.
	SHA256   string
	Allow    abi.Grants
	HasAllow bool
	Limits   abi.Limits
	// RuleFile and Pos say where the entry stands.
	RuleFile string
	Pos      diag.Pos
}

// DefaultDeadLetter is the queue that `dead_letter: true` names.
const DefaultDeadLetter = "dead-letters"

// Shipped are the plugins that come with Tocsin and need no `plugins:` entry.
var Shipped = []string{"autoscaling", "ec2", "kinesis", "log", "sns", "sqs", "webhook"}

// Options say what Load may take for granted about where the rules will run.
type Options struct {
	// Durable says that the store keeps its state; once_per is refused without.
	Durable bool
	// Plugins is what is known of the plugins, by name: the shipped ones and those that
	// the rule files name. Nil leaves manifests, imports and grants unchecked.
	Plugins map[string]PluginInfo
}

// PluginInfo is what the host found when it opened a plugin.
type PluginInfo struct {
	Manifest abi.Manifest
	// Imports are the functions that the module imports: "tocsin.http", a signature may
	// follow: "tocsin.http(i32, i32) -> i32".
	Imports []string
	// SHA256 is the module's digest in hexadecimal.
	SHA256 string
	// Err says why the plugin could not be opened.
	Err error
	// Shipped plugins are granted what their manifest needs.
	Shipped bool
}
