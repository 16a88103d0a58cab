package lambdapack

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// sourcesOf are what invokes the function: what was asked for, and what the rules imply
// unless that is not wanted.
func sourcesOf(set *rulefile.Set, given []Source, implied bool) ([]Source, []Warning) {
	d := deciding{sources: slices.Clone(given)}
	for i := range set.Rules {
		r := &set.Rules[i]
		switch {
		case r.Disabled:
		case r.Bus != event.DefaultBus && r.Bus != "":
			d.otherBus(r)
		default:
			d.rules = append(d.rules, reachOf(r))
		}
	}
	d.buses(implied)
	if implied {
		d.logGroups()
	}
	distinct(d.sources)
	d.unreached()
	d.notifications()
	return d.sources, d.warnings
}

// deciding is the work of sourcesOf.
type deciding struct {
	rules    []reach
	sources  []Source
	warnings []Warning
	// asked says that all events of a bus were asked for.
	asked bool
}

func (d *deciding) warn(about, help, format string, args ...any) {
	d.warnings = append(d.warnings, Warning{About: about, Message: fmt.Sprintf(format, args...), Help: help})
}

// notifications is about what no template does for a bucket.
func (d *deciding) notifications() {
	for _, s := range d.sources {
		if s.Kind == S3 {
			d.warn("source "+s.Name, "aws s3api put-bucket-notification-configuration  adds this function, for s3:ObjectCreated:*",
				"the notification of bucket %s is left to you: a bucket has one set of them, and a template would replace it", s.Bucket)
		}
	}
}

func (d *deciding) has(kinds ...SourceKind) bool {
	return slices.ContainsFunc(d.sources, func(s Source) bool { return slices.Contains(kinds, s.Kind) })
}

// otherBus is about a rule that no invocation reaches: an event does not say which bus it
// was on.
func (d *deciding) otherBus(r *rulefile.Rule) {
	if d.has(FunctionURL) {
		return // PutEvents names the bus
	}
	d.warn("rule "+r.Name, "put it on the default bus, or let PutEvents call the function's URL: --source function-url",
		"it listens to bus %s, and what invokes a function is on the bus default", r.Bus)
}

// Sources that Tocsin gives to what is no event of a bus, and those whose events go to
// their own targets only.
const own = "tocsin."

var scheduled = []string{"aws.events", "aws.scheduler"}

// onBus says whether events of a source are put on event buses.
func onBus(source string) bool {
	return !strings.HasPrefix(source, own) && !slices.Contains(scheduled, source)
}

// ofAWS says whether a source is one of AWS's, on the default bus of every account.
func ofAWS(source string) bool { return strings.HasPrefix(source, "aws.") && onBus(source) }

// buses makes EventBridge rules: on a bus that was asked for of all rules, on the default
// bus of those that name only sources of AWS.
func (d *deciding) buses(implied bool) {
	asked := map[string]bool{}
	rest := d.sources[:0:0]
	for _, s := range d.sources {
		if s.Kind == EventBridge {
			asked[s.Bus] = true
		} else {
			rest = append(rest, s)
		}
	}
	d.sources, d.asked = rest, len(asked) > 0
	for _, bus := range slices.Sorted(maps.Keys(asked)) {
		var wishes []wish
		for _, r := range d.rules {
			if w, ok := r.wish(onBus); ok {
				wishes = append(wishes, w)
			}
		}
		d.bus(bus, wishes)
	}
	if !implied || asked[event.DefaultBus] {
		return
	}
	var wishes []wish
	for _, r := range d.rules {
		if r.calls && d.has(S3) {
			continue // the trail's log files bring them
		}
		if w, ok := r.wish(ofAWS); ok && (!r.open || r.aws) {
			wishes = append(wishes, w)
		}
	}
	d.bus(event.DefaultBus, wishes)
}

func (d *deciding) bus(name string, wishes []wish) {
	sources, warnings := busSources(name, wishes)
	d.sources, d.warnings = append(d.sources, sources...), append(d.warnings, warnings...)
}

// logGroups subscribes the function to the log groups that rules name.
func (d *deciding) logGroups() {
	of := map[string][]string{}
	for _, r := range d.rules {
		if !r.names("tocsin.logs") {
			continue
		}
		for _, group := range r.groups {
			of[group] = append(of[group], r.rule.Name)
		}
	}
	for _, group := range slices.Sorted(maps.Keys(of)) {
		if slices.ContainsFunc(d.sources, func(s Source) bool { return s.LogGroup == group }) {
			continue
		}
		d.sources = append(d.sources, Source{Kind: Logs, Name: identifier("logs-" + group), LogGroup: group, Rules: of[group]})
	}
}

// bringers say what brings the events of a source, and what to write where nothing does.
type bringers struct {
	kinds []SourceKind
	help  string
}

// carriers bring events of any source.
var carriers = []SourceKind{SQS, Kinesis, SNS, FunctionURL}

func carriersAnd(more ...SourceKind) []SourceKind { return slices.Concat(carriers, more) }

// special are the sources that come in a way of their own.
var special = map[string]bringers{
	"tocsin.logs":     {carriersAnd(Logs, MetricStream), "name the log group in the pattern (detail.group), or say  --source logs:GROUP"},
	"tocsin.metrics":  {carriersAnd(MetricStream), "say  --source metric-stream:BUCKET; a stream of metrics is billed by the metric, so no rule implies it"},
	"tocsin.xray":     {carriers, "say  --source function-url  and let the X-Ray daemon send there; X-Ray itself hands traces to nobody"},
	"tocsin.sqs":      {[]SourceKind{SQS}, "say  --source sqs:ARN"},
	"tocsin.sns":      {[]SourceKind{SNS, SQS}, "say  --source sns:ARN"},
	"tocsin.kinesis":  {[]SourceKind{Kinesis}, "say  --source kinesis:ARN"},
	"tocsin.dynamodb": {[]SourceKind{DynamoDB}, "say  --source dynamodb:STREAM-ARN"},
	"tocsin.firehose": {[]SourceKind{MetricStream}, "make the function the transformation of a delivery stream"},
	"aws.events":      {carriersAnd(Schedule), "say  --source 'schedule:rate(5 minutes)'"},
	"aws.scheduler":   {carriers, "let a schedule of EventBridge Scheduler invoke the function"},
}

// anySource is what to write for events of people's own.
const anySource = "say  --source eventbridge  for events of the default bus, or  sqs:ARN, kinesis:ARN, sns:ARN  or  function-url, which bring any events"

// bring says what brings the events of a source.
func (d *deciding) bring(source string) bringers {
	b, ok := special[source]
	switch {
	case ok:
		return b
	case ofAWS(source):
		return bringers{carriersAnd(EventBridge, S3), anySource}
	case d.asked: // a whole bus
		return bringers{carriersAnd(EventBridge), anySource}
	}
	return bringers{carriers, anySource}
}

// unreached warns of rules whose events nothing brings.
func (d *deciding) unreached() {
	for _, r := range d.rules {
		about := "rule " + r.rule.Name
		for _, source := range r.sources {
			if b := d.bring(source); !d.has(b.kinds...) {
				d.warn(about, b.help, "nothing that invokes the function brings events of source %s", source)
			}
		}
		if r.open && !r.aws && !d.asked && !d.has(carriers...) {
			d.warn(about, "name its sources in the pattern, or "+anySource, "it takes events of any source, so no source follows from it")
		}
	}
}
