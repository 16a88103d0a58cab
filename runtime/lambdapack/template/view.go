package template

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/runtime/lambdapack"
)

// view is a plan with the names that its parts have in templates.
type view struct {
	lambdapack.Plan
	Sources []source
	Secrets []secret
}

// source is one of the plan's.
type source struct {
	lambdapack.Source
	// ID is of letters and digits: "AwsEc2"; Label of those and underscores: "aws_ec2".
	ID, Label string
}

// secret is a parameter whose value a person gives.
type secret struct{ Env, ID, Label string }

func newView(p lambdapack.Plan) view {
	v := view{Plan: p}
	var taken []string
	for _, s := range p.Sources {
		v.Sources = append(v.Sources, source{s, unique(pascal(s.Name), &taken), label(s.Name)})
	}
	taken = nil
	for _, name := range p.Secrets {
		v.Secrets = append(v.Secrets, secret{name, unique(pascal(strings.ToLower(name)), &taken), strings.ToLower(name)})
	}
	return v
}

// pascal is a name without hyphens and underscores.
func pascal(name string) string {
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == '-' || r == '_' }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// unique numbers a name that is taken: "a-b1" and "a-b-1" are one without hyphens.
func unique(name string, taken *[]string) string {
	got := name
	for n := 2; slices.Contains(*taken, got); n++ {
		got = fmt.Sprintf("%sx%d", name, n)
	}
	*taken = append(*taken, got)
	return got
}

// label is a source's name in HCL, whose names do not begin with a digit.
func label(name string) string {
	l := strings.ReplaceAll(name, "-", "_")
	if l[0] >= '0' && l[0] <= '9' {
		return "source_" + l
	}
	return l
}

// Architecture is Lambda's name of the processor.
func (v view) Architecture() string {
	if v.Function.Arch == "amd64" {
		return "x86_64"
	}
	return v.Function.Arch
}

// Has says whether there is a source of a kind.
func (v view) Has(kind lambdapack.SourceKind) bool {
	return slices.ContainsFunc(v.Sources, func(s source) bool { return s.Kind == kind })
}

// HandsOver says whether a source can put what it could not hand over into a queue of dead
// letters by itself.
func (v view) HandsOver() bool {
	return v.DeadLetters != nil && (v.Has(lambdapack.EventBridge) || v.Has(lambdapack.Schedule) || v.Has(lambdapack.SNS))
}

// Asynchronous says whether a source hands an event over and does not wait.
func (v view) Asynchronous() bool {
	return slices.ContainsFunc(v.Sources, func(s source) bool {
		return slices.Contains([]lambdapack.SourceKind{lambdapack.EventBridge, lambdapack.Schedule, lambdapack.Logs, lambdapack.SNS, lambdapack.S3, lambdapack.Alarms}, s.Kind)
	})
}

// State is the rule's: API calls that only read reach a rule that asks for them.
func (s source) State() string {
	if s.AllCalls {
		return "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
	}
	return "ENABLED"
}

// IsRule says whether the source is a rule of EventBridge.
func (s source) IsRule() bool {
	return s.Kind == lambdapack.EventBridge || s.Kind == lambdapack.Schedule
}

// GroupARN is that of the log group, as it stands in permissions.
func (s source) GroupARN() string {
	return "arn:" + lambdapack.Partition + ":logs:" + lambdapack.Region + ":" + lambdapack.Account + ":log-group:" + s.LogGroup + ":*"
}

// Why says for people what a source is there for.
func (s source) Why() string {
	if len(s.Rules) == 0 {
		return "asked for"
	}
	return "for " + oneLine(strings.Join(s.Rules, ", "))
}
