package lambdapack

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// role collects what a function may do.
type role struct {
	statements []Statement
	warnings   []Warning
}

// permissions are the statements of a function's role.
func permissions(p *Plan, targets []rulefile.Target, plugins map[string]pluginGrants) ([]Statement, []Warning) {
	r := &role{}
	r.allow("log", []string{"logs:CreateLogStream", "logs:PutLogEvents"}, arn("logs", "log-group:/aws/lambda/"+p.Function.Name+":*"))
	for _, t := range targets {
		r.target(t, plugins[t.Plugin])
	}
	for _, s := range p.Sources {
		r.source(s)
	}
	if p.State != nil {
		r.allow("state", []string{"dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"}, arn("dynamodb", "table/"+p.State.Name))
	}
	for _, v := range p.Environment {
		if v.Name == config.EnvName("lambda-emit") {
			r.allow("emitted events", []string{"events:PutEvents"}, arn("events", "event-bus/"+v.Value))
		}
	}
	if p.DeadLetters != nil {
		r.allow("dead letters", []string{"sqs:SendMessage"}, arn("sqs", p.DeadLetters.Name))
	}
	return r.statements, r.warnings
}

// pluginGrants is what a plugin may call.
type pluginGrants struct {
	shipped bool
	// allow is what the rule files allow it.
	allow abi.Grants
}

// allow adds to the statement of the same actions, or makes one. Actions are sorted.
func (r *role) allow(who string, actions []string, resources ...string) {
	for i := range r.statements {
		s := &r.statements[i]
		if slices.Equal(s.Actions, actions) {
			for _, resource := range resources {
				if !slices.Contains(s.Resources, resource) {
					s.Resources = append(s.Resources, resource)
				}
			}
			if !slices.Contains(s.For, who) {
				s.For = append(s.For, who)
			}
			return
		}
	}
	r.statements = append(r.statements, Statement{SID: r.sid(who, actions), Actions: actions, Resources: resources, For: []string{who}})
}

// sid names a statement after the service and who needs it first.
func (r *role) sid(who string, actions []string) string {
	service, _, _ := strings.Cut(actions[0], ":")
	var b strings.Builder
	for word := range strings.SplitSeq(identifier(service+" "+who), "-") {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	name := b.String()
	for n := 2; slices.ContainsFunc(r.statements, func(s Statement) bool { return s.SID == name }); n++ {
		name = fmt.Sprintf("%s%d", b.String(), n)
	}
	return name
}

func (r *role) warn(about, message, help string) {
	r.warnings = append(r.warnings, Warning{About: about, Message: message, Help: help})
}

// target allows what a target's plugin calls with this config.
func (r *role) target(t rulefile.Target, g pluginGrants) {
	who := "target " + t.Name
	if g.shipped {
		r.shipped(who, t)
	}
	for _, grant := range g.allow.AWS {
		r.grant(who, t.Plugin, grant)
	}
}

// shipped allows what a shipped plugin calls: its source says what that is.
func (r *role) shipped(who string, t rulefile.Target) {
	config := event.Value(t.Config)
	text := func(name string) string {
		s, _ := config.Get(name).Text()
		return s
	}
	switch t.Plugin {
	case "sqs":
		r.allow(who, []string{"sqs:GetQueueUrl", "sqs:SendMessage"}, resource("sqs", text("queue")))
	case "sns":
		topic := text("topic")
		if !strings.HasPrefix(topic, "arn:") {
			r.warn(who, fmt.Sprintf("its topic %q is a name, which SNS does not take", topic), "write the topic's ARN")
		}
		r.allow(who, []string{"sns:Publish"}, resource("sns", topic))
	case "kinesis":
		r.allow(who, []string{"kinesis:PutRecords"}, resource("kinesis", text("stream")))
	case "autoscaling":
		r.autoscaling(who, config, text("group"))
	case "ec2":
		r.instances(who, config, text("action"))
	}
}

func (r *role) autoscaling(who string, config event.Value, group string) {
	action := "autoscaling:SetDesiredCapacity"
	if config.Get("policy") != nil {
		action = "autoscaling:ExecutePolicy"
	}
	if strings.HasPrefix(group, "$") {
		r.warn(who, "the event names the Auto Scaling group, so the function may change any group of the account", "write the group's name into the config")
		group = "*"
	}
	r.allow(who, []string{action}, resource("autoscaling", group))
	if config.Get("change") != nil {
		r.allow(who, []string{"autoscaling:DescribeAutoScalingGroups"}, "*")
		r.warn(who, "it may describe all Auto Scaling groups: AWS cannot allow that for one of them", "write  desired  or  policy  instead of  change")
	}
}

func (r *role) instances(who string, config event.Value, action string) {
	if action == "" {
		return
	}
	var ids []string
	for item := range config.Get("instances").Items() {
		id, _ := item.Text()
		ids = append(ids, arn("ec2", "instance/"+id))
	}
	if ids == nil {
		ids = []string{arn("ec2", "instance/*")}
		r.warn(who, "the event names the instance, so the function may "+action+" any instance of the account and region",
			"list the instances in the config, or add a condition on a tag to this statement of the role")
	}
	r.allow(who, []string{"ec2:" + strings.ToUpper(action[:1]) + action[1:] + "Instances"}, ids...)
}

// grant allows what the rule files allow a plugin.
func (r *role) grant(who, plugin string, g abi.AWSGrant) {
	actions := make([]string, 0, len(g.Actions))
	for _, a := range g.Actions {
		actions = append(actions, iamActions(g.Service, a)...)
	}
	slices.Sort(actions)
	actions = slices.Compact(actions)
	var resources []string
	for _, name := range g.Resources {
		resources = append(resources, resource(g.Service, name))
	}
	if len(resources) == 0 || slices.Contains(g.Resources, "*") {
		resources = []string{"*"}
	}
	if slices.Contains(resources, "*") {
		r.warn(who, fmt.Sprintf("plugin %s may call %s on every resource of the account", plugin, strings.Join(actions, ", ")),
			"write  resources: [ARN]  beside these actions in its allow.aws")
	}
	r.allow(who, actions, resources...)
}

// source allows what Lambda, or the function itself, does to get the events of a source.
func (r *role) source(s Source) {
	who := "source " + s.Name
	switch s.Kind {
	case SQS:
		r.allow(who, []string{"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}, s.ARN)
	case Kinesis:
		r.allow(who, []string{"kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords",
			"kinesis:GetShardIterator", "kinesis:ListShards"}, s.ARN)
	case DynamoDB:
		r.allow(who, []string{"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"}, s.ARN)
		table, _, _ := strings.Cut(s.ARN, "/stream/")
		r.allow(who, []string{"dynamodb:ListStreams"}, table+"/stream/*")
	case S3:
		r.allow(who, []string{"s3:GetObject"}, "arn:"+Partition+":s3:::"+s.Bucket+"/"+s.Prefix+"*")
	}
}

// arn is one in the function's own account and region.
func arn(service, resource string) string {
	return "arn:" + Partition + ":" + service + ":" + Region + ":" + Account + ":" + resource
}

// resource is the ARN of what a config or a grant names by ARN, name or, of queues, URL.
// It is "*" for names of services whose ARNs are not known here.
func resource(service, name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	switch service {
	case "sqs":
		if host, rest, ok := strings.Cut(strings.TrimPrefix(name, "https://"), "/"); ok {
			return queueARN(host, rest)
		}
		return arn(service, name)
	case "sns":
		return arn(service, name)
	case "kinesis":
		return arn(service, "stream/"+name)
	case "autoscaling":
		return arn(service, "autoScalingGroup:*:autoScalingGroupName/"+name)
	case "ec2":
		return arn(service, "instance/"+name)
	}
	return "*"
}

// queueARN is that of https://sqs.REGION.amazonaws.com/ACCOUNT/NAME.
func queueARN(host, path string) string {
	account, name, _ := strings.Cut(path, "/")
	region := Region
	if rest, ok := strings.CutPrefix(host, "sqs."); ok {
		region, _, _ = strings.Cut(rest, ".")
	}
	return "arn:" + Partition + ":sqs:" + region + ":" + account + ":" + name
}

// iamActions are the permissions that an operation of a service needs. Most have the
// operation's name.
func iamActions(service, operation string) []string {
	prefix := service
	if service == "monitoring" {
		prefix = "cloudwatch"
	}
	switch service + ":" + operation {
	case "sqs:SendMessageBatch", "sqs:DeleteMessageBatch", "sqs:ChangeMessageVisibilityBatch", "sns:PublishBatch":
		operation = strings.TrimSuffix(operation, "Batch")
	case "lambda:Invoke":
		operation = "InvokeFunction"
	case "dynamodb:TransactWriteItems":
		return []string{"dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}
	case "dynamodb:TransactGetItems":
		operation = "GetItem"
	}
	return []string{prefix + ":" + operation}
}
