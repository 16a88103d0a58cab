package rulefile

import (
	"regexp"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// The shapes that several fields share.
var (
	ruleName    = word{regexp.MustCompile(`^[.\-_A-Za-z0-9]{1,64}$`), "1 to 64 letters, digits, . - and _"}
	busName     = word{regexp.MustCompile(`^[/.\-_A-Za-z0-9]{1,256}$`), "1 to 256 letters, digits, . - _ and /"}
	archiveName = word{regexp.MustCompile(`^[.\-_A-Za-z0-9]{1,48}$`), "1 to 48 letters, digits, . - and _"}
	queueName   = word{regexp.MustCompile(`^[\-_A-Za-z0-9]{1,75}(\.fifo)?$`), "1 to 80 letters, digits, - and _"}
	digest      = word{regexp.MustCompile(`^[0-9a-f]{64}$`), "64 digits and letters a to f, as tocsin plugin inspect shows them"}
	names       = list{of: ruleName}
	texts       = list{of: anyText{}}
	batchSize   = integer{1, 1000}
	batch       = either{[]event.Kind{event.Number, event.Object}, []shape{batchSize, batchObject}, "a number, or {size: 100, window: 5s}"}
	deadLetter  = either{[]event.Kind{event.Bool, event.String}, []shape{boolean{}, queueName}, "true, or a queue's name"}
)

// inputFields shape what a target gets; at most one of the three ways is used.
var inputFields = []field{
	{name: "input", of: formula{}, doc: "What the target gets: the value of this expression."},
	{name: "input_path", of: anyText{}, doc: "What the target gets: the part of the event at this path, as $.detail. EventBridge's InputPath."},
	{name: "input_paths", of: table{anyText{}}, doc: "Names for parts of the event, as {id: $.detail.id}; input_template uses them. EventBridge's InputPathsMap."},
	{name: "input_template", of: anyText{}, doc: "What the target gets: this text, with <name> replaced. EventBridge's InputTemplate, same quoting."},
}

// deliveryFields bound the attempts of a delivery.
var deliveryFields = []field{
	{name: "retry", of: retryObject, doc: "How long a delivery is tried. EventBridge's RetryPolicy."},
	{name: "dead_letter", of: deadLetter, doc: "The queue for what could not be delivered; true is \"dead-letters\"."},
}

var retryObject = &object{name: "retry", doc: "How long a delivery is tried again.", fields: []field{
	{name: "attempts", of: integer{0, 185}, doc: "How often a delivery is tried again, 0 to 185. Default: 185. EventBridge's MaximumRetryAttempts."},
	{name: "within", of: duration{time.Minute, 24 * time.Hour}, doc: "How old an event may get, as 15m. Default: 24h. EventBridge's MaximumEventAgeInSeconds."},
}}

var onceObject = &object{name: "once_per", doc: "Match once per key and time.", fields: []field{
	{name: "key", required: true, of: formula{}, doc: "An expression; events with the same value count as the same."},
	{name: "every", required: true, of: duration{time.Second, 30 * 24 * time.Hour}, doc: "For how long further events with the same key do not match, as 1h."},
}}

var routeObject = &object{name: "entry", doc: "A target and what is different for this rule.", fields: join(
	[]field{{name: "target", required: true, of: ruleName, doc: "The name of a target."}},
	inputFields, deliveryFields)}

var ruleObject = &object{name: "rule", doc: "Selects events and names the targets that get them.", fields: []field{
	{name: "name", required: true, of: ruleName, doc: "The rule's name: 1 to 64 letters, digits, . - and _, unique in the rule set."},
	{name: "description", of: anyText{}, doc: "What the rule is for."},
	{name: "bus", of: busName, doc: "The event bus it listens to. Default: default."},
	{name: "pattern", of: patternShape{}, doc: "An EventBridge event pattern. Every field is a list of alternatives."},
	{name: "when", of: formula{}, doc: "An expression that is true or false, evaluated once the pattern matched."},
	{name: "once_per", of: onceObject, doc: "Match once per key and time."},
	{name: "schedule", of: anyText{}, doc: "When the rule gets an event of its own: rate(5 minutes) or cron(0 8 ? * MON-FRI *). EventBridge's ScheduleExpression."},
	{name: "timezone", of: anyText{}, doc: "The time zone of a cron schedule, as Europe/Berlin. Default: UTC. EventBridge Scheduler's ScheduleExpressionTimezone."},
	{name: "targets", of: list{of: either{[]event.Kind{event.String, event.Object}, []shape{ruleName, routeObject}, "a target's name, or an object"}},
		doc: "Who gets the events: names of targets, or objects where this rule needs another input."},
	{name: "state", of: choice{"enabled", "disabled"}, doc: "A disabled rule is checked and matches nothing. Default: enabled."},
	{name: "tags", of: table{anyText{}}, doc: "Words for people and tools."},
}}

var targetObject = &object{name: "target", doc: "Where events go: a plugin and its configuration.", fields: join([]field{
	{name: "name", required: true, of: ruleName, doc: "The target's name, unique in the rule set."},
	{name: "plugin", required: true, of: ruleName, doc: "A shipped plugin (" + strings.Join(Shipped, " ") + "), or the name of an entry of plugins."},
	{name: "config", of: anyObject{}, doc: "What the plugin is told when it starts."},
	{name: "mode", of: choice{"local", "aws"}, doc: "Where AWS calls go: local, to the services in this process, or aws. Default: local."},
	{name: "concurrency", of: integer{1, 1000}, doc: "How many calls run at once."},
	{name: "batch", of: batch, doc: "How many events one call gets at most; with a window, how long the first of them waits for the others."},
	{name: "order_by", of: formula{}, doc: "An expression; events for which it has the same value are delivered one after the other, in the order in which they came."},
	{name: "record", of: boolean{}, doc: "Keep recordings of all its calls, for tocsin plugin replay; those of failed ones always are. Default: false."},
	{name: "approve", later: true, of: boolean{}, doc: "Wait until a person says yes."},
}, inputFields, deliveryFields)}

var batchObject = &object{name: "batch", doc: "How many events one call gets, and how long the first of them waits for the others.", fields: []field{
	{name: "size", of: batchSize, doc: "How many events one call gets at most. Default: 10."},
	{name: "window", of: duration{100 * time.Millisecond, 5 * time.Minute}, doc: "How long a batch that is not full waits for more events, as 5s. Default: it does not."},
}}

var archiveObject = &object{name: "archive", doc: "Keeps events of a bus, to replay them.", fields: []field{
	{name: "name", required: true, of: archiveName, doc: "The archive's name: 1 to 48 letters, digits, . - and _."},
	{name: "description", of: anyText{}, doc: "What the archive is for."},
	{name: "bus", of: busName, doc: "The event bus whose events it keeps. Default: default."},
	{name: "pattern", of: patternShape{}, doc: "An EventBridge event pattern. Default: every event of the bus."},
	{name: "retention_days", of: integer{0, 36500}, doc: "How many days an event is kept. Default: 0, for ever. EventBridge's RetentionDays."},
}}

var grantsObject = &object{name: "grants", doc: "What the plugin may reach outside of its sandbox.", fields: []field{
	{name: "http", of: texts, doc: "Hosts, as hooks.slack.com, 10.0.0.7:8080, *.example.com or $config.url."},
	{name: "aws", of: list{of: awsObject}, doc: "AWS actions it may call."},
	{name: "kv", of: size{1, 1 << 40}, doc: "The quota of its key-value space, as 1MiB."},
	{name: "emit", of: texts, doc: "Sources that events it sends to the bus may have."},
	{name: "secrets", of: texts, doc: "Names of secrets it may use."},
}}

var awsObject = &object{name: "aws grant", doc: "Some actions of one service.", fields: []field{
	{name: "service", required: true, of: anyText{}, doc: "The service's signing name, as sqs."},
	{name: "actions", required: true, of: list{of: anyText{}, min: 1}, doc: "Names of actions, as SendMessage."},
	{name: "resources", of: texts, doc: "ARN patterns with *. Default: every resource."},
}}

var limitsObject = &object{name: "limits", doc: "Bounds of one attempt.", fields: []field{
	{name: "memory", of: size{64 << 10, 4 << 30}, doc: "Memory, as 32MiB. Default: 32MiB."},
	{name: "time", of: duration{time.Millisecond, 15 * time.Minute}, doc: "How long an attempt may take, as 2s. Default: 5s."},
	{name: "fuel", of: integer{1, 1 << 53}, doc: "Loop turns and calls, counted deterministically. Default: no bound."},
	{name: "output", of: size{1, 64 << 20}, doc: "Size of the answer, as 1MiB. Default: 1MiB."},
	{name: "log", of: size{1, 64 << 20}, doc: "Log text of one attempt, as 64KiB. Default: 64KiB."},
}}

var pluginObject = &object{name: "plugin", doc: "A WASM module that targets may name, what it may do, and its bounds.", fields: []field{
	{name: "name", required: true, of: ruleName, doc: "The plugin's name: a new one, or a shipped plugin's to set its grants and limits."},
	{name: "file", of: anyText{}, doc: "The module or its manifest, relative to this file. Left out for a shipped plugin."},
	{name: "sha256", of: digest, doc: "The digest that the module must have."},
	{name: "allow", of: grantsObject, doc: "What the plugin may reach outside of its sandbox."},
	{name: "limits", of: limitsObject, doc: "Bounds of one attempt."},
}}

var fileObject = &object{name: "file", doc: "A Tocsin rule file.", fields: []field{
	{name: "version", required: true, missing: "R010", example: "1", of: version{}, doc: "The version of the format: 1."},
	{name: "rules", of: list{of: ruleObject}, doc: "Which events matter, and who gets them."},
	{name: "targets", of: list{of: targetObject}, doc: "Where events go."},
	{name: "plugins", of: list{of: pluginObject}, doc: "WASM modules that targets use, and what they may do."},
	{name: "archives", of: list{of: archiveObject}, doc: "Which events are kept, to be replayed."},
	{name: "buses", of: list{of: busName}, doc: "Custom event buses. The bus \"default\" is always there."},
	{name: "alarms", later: true, of: free{}, doc: "Alarms on metrics."},
	{name: "metric_filters", later: true, of: free{}, doc: "Metrics made of log events."},
}}

// join puts lists of fields together.
func join(lists ...[]field) (all []field) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}
