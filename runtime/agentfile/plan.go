package agentfile

import (
	"time"

	"github.com/tocsin-engine/tocsin/ingest/agent/logfile"
	"github.com/tocsin-engine/tocsin/ingest/agent/machine"
	"github.com/tocsin-engine/tocsin/ingest/metrics"
	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
)

// Codes of findings.
const (
	codeValue       = "A001"
	codeElsewhere   = "A002"
	codePlaceholder = "A003"
	codeTwice       = "A004"
	codeUnknown     = "A005"
)

// Plan is what an agent does.
type Plan struct {
	// Region is "" where the configuration names none.
	Region  string
	Metrics Metrics
	Logs    Logs
}

// Empty says that there is nothing to do.
func (p *Plan) Empty() bool {
	return len(p.Metrics.Plugins) == 0 && p.Metrics.StatsD == nil && len(p.Logs.Files) == 0
}

// Metrics is what is measured, and where it goes.
type Metrics struct {
	// Endpoint is "" where the configuration names none.
	Endpoint string
	// Flush is how long data may wait to be sent together.
	Flush   time.Duration
	Shape   machine.Shape
	Plugins []machine.Plugin
	// StatsD is nil unless its lines are taken.
	StatsD *StatsD
}

// StatsD is a door for StatsD lines.
type StatsD struct {
	// Address is that of the UDP socket.
	Address string
	// Every is the time between data; Resolution is theirs in seconds.
	Every      time.Duration
	Resolution int
	// Dimensions stand on its data beside the shape's.
	Dimensions []metrics.Dimension
}

// Logs is what is followed, and where it goes.
type Logs struct {
	Endpoint string
	Flush    time.Duration
	Files    []logfile.Log
	// Retention is in days, by log group.
	Retention map[string]int
}

// Host is what placeholders stand for.
type Host struct {
	// Name is this machine's name on the network, LocalName the one it calls itself.
	Name, LocalName string
	// Address is its IP address.
	Address string
	Region  string
	Account string
}

// Options are what a configuration is read with.
type Options struct {
	// Env finds environment variables; nil finds none.
	Env  func(string) (string, bool)
	Host Host
}

// Read reads the files as one configuration. There is always a Plan; it is to be used
// only if the findings hold no error.
func Read(files []rulefile.File, o Options) (*Plan, diag.List) {
	r := &reader{o: o, plan: &Plan{}, file: map[any]string{}}
	if o.Env == nil {
		r.o.Env = func(string) (string, bool) { return "", false }
	}
	r.plan.Logs.Retention = map[string]int{}
	var merged document
	for _, f := range files {
		doc, ini := r.parse(f)
		switch {
		case doc == nil:
		case ini:
			r.awslogs(doc)
		default:
			merged = r.merge(merged, doc, "")
		}
	}
	if merged != nil {
		r.root(merged)
	}
	r.findings.Sort()
	return r.plan, r.findings
}
