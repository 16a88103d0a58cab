package agentfile

import (
	"cmp"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Where what is not done here is done.
const (
	labelServer  = "tocsin run takes this in itself; see its status"
	labelNothing = "leave it out; it changes nothing here"
	labelRole    = "take the role in an AWS profile, and name that in AWS_PROFILE"
	labelOnWin   = "the agent does this on Windows only"
	labelCollect = "keep the CloudWatch agent for this, and point its endpoint_override here"
)

// What the agent does where its configuration does not say.
const (
	defaultPeriod = time.Minute
	defaultFlush  = 5 * time.Second
)

// root reads a whole JSON configuration.
func (r *reader) root(doc document) {
	agent := agentSection{every: defaultPeriod}
	section := doc.Get("agent") // the others need it, wherever it stands
	if section != nil {
		r.agent(section, "agent", &agent)
	}
	r.object(doc, "", fields{
		"agent":         func(document, string) {},
		"metrics":       func(v document, path string) { r.metrics(v, path, agent) },
		"logs":          func(v document, path string) { r.logs(v, path) },
		"traces":        r.elsewhere(labelServer),
		"opentelemetry": r.openTelemetry,
		"csm":           r.elsewhere(labelNothing),
		"profiles":      r.elsewhere(labelCollect),
	})
}

// agentSection is what the other sections need of "agent".
type agentSection struct {
	every    time.Duration
	omitHost bool
}

func (r *reader) agent(v document, path string, a *agentSection) {
	region := func(v document, path string) {
		r.into(&r.plan.Region)(v, path)
		if r.o.Host.Region == "" {
			r.o.Host.Region = r.plan.Region
		}
	}
	f := fields{
		"metrics_collection_interval": r.seconds(&a.every, 1), "omit_hostname": r.flag(&a.omitHost), "region": region,
		"credentials": r.elsewhere(labelRole), "user_agent": r.elsewhere(labelNothing),
		"use_dualstack_endpoint": r.elsewhere("write the endpoint into endpoint_override"),
		"logfile":                r.elsewhere("what the agent says goes to stderr"),
	}
	for _, name := range []string{
		"debug", "quiet", "internal", "aws_sdk_log_level", "run_as_user", "mode", "service.name", "deployment.environment",
	} {
		f[name] = r.elsewhere(labelNothing)
	}
	r.object(v, path, f)
}

func (r *reader) logs(v document, path string) {
	l := &r.plan.Logs
	l.Flush = defaultFlush
	stream := "{hostname}"
	if s := v.Get("log_stream_name"); s != nil {
		r.into(&stream)(s, join(path, "log_stream_name"))
	}
	r.object(v, path, fields{
		"log_stream_name":      func(document, string) {},
		"endpoint_override":    r.into(&l.Endpoint),
		"force_flush_interval": r.seconds(&l.Flush, 1),
		"logs_collected": func(v document, path string) {
			r.object(v, path, fields{
				"files":               func(v document, path string) { r.files(v, path, stream) },
				"windows_events":      r.elsewhere(labelOnWin),
				"journald":            r.elsewhere(labelCollect),
				"application_signals": r.elsewhere(labelCollect),
			})
		},
		"metrics_collected":      r.logMetrics,
		"credentials":            r.elsewhere(labelRole),
		"concurrency":            r.elsewhere(labelNothing),
		"service.name":           r.elsewhere(labelNothing),
		"deployment.environment": r.elsewhere(labelNothing),
	})
}

// openTelemetry reads the newer section: its log files are as the others.
func (r *reader) openTelemetry(v document, path string) {
	r.others(v, path, fields{"collect": func(v document, path string) {
		r.others(v, path, fields{"files": func(v document, path string) {
			r.plan.Logs.Flush = cmp.Or(r.plan.Logs.Flush, defaultFlush)
			r.files(v, path, "{hostname}")
		}})
	}})
}

// others reads an object of which only some members are done here.
func (r *reader) others(v document, path string, f fields) {
	if v.Kind == event.Object {
		for _, m := range v.Members {
			if f[m.Name] == nil {
				f[m.Name] = r.elsewhere(labelCollect)
			}
		}
	}
	r.object(v, path, f)
}

// logMetrics names the metrics that the agent takes in as logs, one by one.
func (r *reader) logMetrics(v document, path string) {
	r.others(v, path, fields{"otlp": r.elsewhere(labelServer), "emf": r.elsewhere("write these lines into a log that is followed; tocsin run makes metrics of them")})
}

// files reads the list of log files.
func (r *reader) files(v document, path, stream string) {
	r.object(v, path, fields{"collect_list": func(v document, path string) {
		r.items(v, path, func(v document, path string) { r.logFile(v, path, stream) })
	}})
}

// place fills in the placeholders of a name of a group or stream; {date} stays.
func (r *reader) place(v document, path, text string) string {
	for name, value := range map[string]string{
		"{hostname}": r.o.Host.Name, "{local_hostname}": r.o.Host.LocalName, "{ip_address}": r.o.Host.Address,
		"{instance_id}": "", "{aws_region}": r.o.Host.Region, "{account_id}": r.o.Host.Account,
	} {
		if !strings.Contains(text, name) {
			continue
		}
		if value == "" {
			value = unknown[name]
			r.warn(v, codePlaceholder, path, "write the name, or {hostname}", "nothing here says what %s is; it becomes %s", name, value)
		}
		text = strings.ReplaceAll(text, name, value)
	}
	return text
}

// unknown is what the agent writes for a placeholder that it cannot fill.
var unknown = map[string]string{
	"{hostname}": "UNKNOWN-HOST", "{local_hostname}": "UNKNOWN-HOST", "{ip_address}": "UNKNOWN-IP",
	"{instance_id}": "i-UNKNOWN", "{aws_region}": "UNKNOWN-REGION", "{account_id}": "UNKNOWN-ACCOUNT",
}
