package agentfile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/agent/machine"
	"github.com/tocsin-engine/tocsin/ingest/metrics"
	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// otherPlugins are those of the agent that are not measured here.
var otherPlugins = map[string]string{
	"collectd": labelCollect, "ethtool": labelCollect, "nvidia_gpu": labelCollect, "nvidia_smi": labelCollect, "efa": labelCollect,
	"jmx": labelCollect, "prometheus": labelCollect, "otlp": labelServer, "application_signals": labelCollect,
	"LogicalDisk": labelOnWin, "Memory": labelOnWin, "Paging File": labelOnWin, "PhysicalDisk": labelOnWin,
	"Processor": labelOnWin, "TCPv4": labelOnWin, "TCPv6": labelOnWin, "Network Interface": labelOnWin, "System": labelOnWin,
}

func (r *reader) metrics(v document, path string, agent agentSection) {
	m := &r.plan.Metrics
	m.Flush = time.Minute
	m.Shape.Namespace = "CWAgent"
	if !agent.omitHost && r.o.Host.Name != "" {
		m.Shape.Dimensions = []metrics.Dimension{{Name: "host", Value: r.o.Host.Name}}
	}
	cloudWatch := true
	r.object(v, path, fields{
		"namespace":            r.into(&m.Shape.Namespace),
		"endpoint_override":    r.into(&m.Endpoint),
		"force_flush_interval": r.seconds(&m.Flush, 1),
		"append_dimensions":    r.dimensions(&m.Shape.Dimensions),
		"aggregation_dimensions": func(v document, path string) {
			r.items(v, path, func(v document, path string) {
				var set []string
				r.texts(&set)(v, path)
				m.Shape.Aggregations = append(m.Shape.Aggregations, set)
			})
		},
		"metrics_destinations": func(v document, path string) {
			cloudWatch = v.Get("cloudwatch") != nil
			r.object(v, path, fields{"cloudwatch": func(document, string) {}, "amp": r.elsewhere(labelCollect)})
		},
		"metrics_collected":      func(v document, path string) { r.plugins(v, path, agent) },
		"credentials":            r.elsewhere(labelRole),
		"service.name":           r.elsewhere(labelNothing),
		"deployment.environment": r.elsewhere(labelNothing),
	})
	if !cloudWatch {
		m.Plugins, m.StatsD = nil, nil
	}
}

// plugins reads what is measured.
func (r *reader) plugins(v document, path string, agent agentSection) {
	f := fields{"statsd": func(v document, path string) { r.statsd(v, path) }}
	for _, name := range machine.Plugins() {
		f[name] = func(v document, path string) { r.plugin(v, path, machine.Plugin{Name: name, Every: agent.every}) }
	}
	f["procstat"] = func(v document, path string) {
		r.items(v, path, func(v document, path string) {
			r.plugin(v, path, machine.Plugin{Name: "procstat", Every: agent.every})
		})
	}
	for name, label := range otherPlugins {
		f[name] = r.elsewhere(label)
	}
	r.object(v, path, f)
}

// plugin reads one of them.
func (r *reader) plugin(v document, path string, p machine.Plugin) {
	total := true
	r.object(v, path, r.pluginFields(&p, &total))
	if v.Kind != event.Object {
		return
	}
	p.NoTotal = !total
	switch {
	case v.Get("measurement") == nil:
		r.wrong(v, path, "add a list of metrics", "%s has no measurement", p.Name)
	case p.Name == "procstat" && p.Select == (machine.Selector{}):
		r.wrong(v, path, "add pid_file, exe or pattern", "it is not said which processes are measured")
		return
	case p.Name == "cpu" && p.NoTotal && p.Resources == nil:
		r.warn(v, codeElsewhere, path, `add "resources": ["*"] for the cores, or "totalcpu": true`, "neither the cores nor their total are measured")
	}
	if len(p.Measurements) > 0 {
		r.plan.Metrics.Plugins = append(r.plan.Metrics.Plugins, p)
	}
}

func (r *reader) pluginFields(p *machine.Plugin, total *bool) fields {
	f := fields{
		"measurement": func(v document, path string) {
			r.items(v, path, func(v document, path string) { r.measurement(v, path, p) })
		},
		"metrics_collection_interval": r.seconds(&p.Every, 1),
		"append_dimensions":           r.dimensions(&p.Dimensions),
		"drop_original_metrics":       func(v document, path string) { r.dropped(v, path, p) },
		"service.name":                r.elsewhere(labelNothing),
		"deployment.environment":      r.elsewhere(labelNothing),
	}
	switch p.Name {
	case "cpu":
		f["totalcpu"], f["resources"] = r.flag(total), r.texts(&p.Resources)
	case "disk":
		f["resources"], f["drop_device"] = r.texts(&p.Resources), r.flag(&p.DropDevice)
		f["ignore_file_system_types"] = r.texts(&p.IgnoreFSTypes)
	case "diskio", "net":
		f["resources"] = r.texts(&p.Resources)
	case "procstat":
		f["pid_file"] = r.into(&p.Select.PIDFile)
		f["exe"], f["pattern"] = r.expression(&p.Select.Exe), r.expression(&p.Select.Pattern)
	default: // the agent's schema allows it everywhere, and it means nothing there
		f["resources"] = func(document, string) {}
	}
	return f
}

// measurement reads one metric: its name, or an object with a new name and unit.
func (r *reader) measurement(v document, path string, p *machine.Plugin) {
	var m machine.Measurement
	named := v
	if v.Kind == event.Object {
		named = v.Get("name")
		r.object(v, path, fields{"name": func(document, string) {}, "rename": r.into(&m.Rename), "unit": r.unit(&m.Unit)})
	}
	if named == nil || named.Kind != event.String {
		r.wrong(v, path, `write "used_percent", or {"name": "used_percent", "rename": "Used"}`, "a measurement is a name")
		return
	}
	field, ok := machine.Field(p.Name, named.Text)
	if !ok {
		label := "measured are " + strings.Join(machine.Fields(p.Name), ", ")
		if near := diag.Nearest(named.Text, machine.Fields(p.Name)); near != "" {
			label = fmt.Sprintf("did you mean %q?", near)
		}
		r.warn(named, codeElsewhere, path, label, "%s has no metric %q here", p.Name, named.Text)
		return
	}
	m.Field = field
	p.Measurements = append(p.Measurements, m)
}

// unit reads a unit. One that CloudWatch does not have is a warning: the agent goes on
// with its own, and so does this.
func (r *reader) unit(unit *string) func(document, string) {
	return func(v document, path string) {
		if !r.is(v, path, event.String) {
			return
		}
		if !slices.Contains(metrics.Units, v.Text) {
			r.warn(v, codeValue, path, "write one of "+strings.Join(metrics.Units, ", "), "CloudWatch has no unit %q; the metric keeps its own", v.Text)
			return
		}
		*unit = v.Text
	}
}

// dropped reads the metrics of which only aggregations are sent.
func (r *reader) dropped(v document, path string, p *machine.Plugin) {
	r.items(v, path, func(v document, path string) {
		if field, ok := machine.Field(p.Name, v.Text); ok {
			p.DropOriginal = append(p.DropOriginal, field)
			return
		}
		r.warn(v, codeElsewhere, path, "measured are "+strings.Join(machine.Fields(p.Name), ", "), "%s has no metric %q here", p.Name, v.Text)
	})
}

// instance is a value that only the machine's cloud knows.
var instance = regexp.MustCompile(`^\$?\{!?aws:\w+\}$`)

// dimensions reads names and values.
func (r *reader) dimensions(list *[]metrics.Dimension) func(document, string) {
	return func(v document, path string) {
		if !r.is(v, path, event.Object) {
			return
		}
		for _, m := range v.Members {
			r.dimension(list, m, join(path, m.Name))
		}
	}
}

func (r *reader) dimension(list *[]metrics.Dimension, m source.Member, path string) {
	text, ok := r.text(m.Value, path)
	if !ok {
		return
	}
	if instance.MatchString(text) {
		r.warn(m.Value, codePlaceholder, path, "write the value, or leave the dimension out",
			"nothing here says what %s is; the dimension is left out", text)
		return
	}
	*list = append(*list, metrics.Dimension{Name: m.Name, Value: text})
}

// statsd reads the door for StatsD lines.
func (r *reader) statsd(v document, path string) {
	s := &StatsD{Address: ":8125", Every: time.Minute, Resolution: 60}
	collect, every := 10*time.Second, time.Minute
	r.object(v, path, fields{
		"service_address":              r.into(&s.Address),
		"metrics_collection_interval":  r.seconds(&collect, 1),
		"metrics_aggregation_interval": r.seconds(&every, 0),
		"metric_separator": func(v document, path string) {
			if v.Text != "_" {
				r.elsewhere("dots of names become _")(v, path)
			}
		},
		"allowed_pending_messages": r.elsewhere(labelNothing),
		"drop_original_metrics":    r.elsewhere("StatsD metrics are sent as they are"),
		"append_dimensions":        r.dimensions(&s.Dimensions),
		"service.name":             r.elsewhere(labelNothing),
		"deployment.environment":   r.elsewhere(labelNothing),
	})
	s.Address = strings.TrimPrefix(s.Address, "udp://")
	if s.Every = every; every == 0 { // not summed up beyond one collection
		s.Every = collect
	}
	if s.Every < time.Minute {
		s.Resolution = 1
	}
	r.plan.Metrics.StatsD = s
}
