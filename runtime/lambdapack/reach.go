package lambdapack

import (
	"maps"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// reach is what a rule's pattern says about where its events come from.
type reach struct {
	rule    *rulefile.Rule
	sources []string // named ones
	// open says that it takes events of sources that it does not name, aws that those can
	// only be AWS's.
	open, aws bool
	// calls says that it takes nothing but what CloudTrail writes, reads that this can be
	// calls that only read.
	calls, reads bool
	// groups are the log groups that it names, anyGroup says that it takes others too.
	groups   []string
	anyGroup bool
}

// reachOf looks at every way in which the rule's pattern can match.
func reachOf(r *rulefile.Rule) reach {
	out := reach{rule: r}
	if r.Pattern == nil { // it only has an expression
		out.open, out.anyGroup = true, true
		return out
	}
	out.aws, out.calls = true, true
	sources, groups := map[string]bool{}, map[string]bool{}
	for _, a := range r.Pattern.Alternatives() {
		calls := isCalls(a)
		out.calls = out.calls && calls
		out.reads = out.reads || calls && readsOnly(a)
		named, only := literals(a, "source")
		if !only {
			out.open = true
			out.aws = out.aws && (calls || prefixed(a, "source", "aws."))
			continue
		}
		for _, s := range named {
			sources[s] = true
		}
		names, only := literals(a, "detail.group")
		out.anyGroup = out.anyGroup || !only
		for _, name := range names {
			groups[name] = true
		}
	}
	out.sources, out.groups = slices.Sorted(maps.Keys(sources)), slices.Sorted(maps.Keys(groups))
	return out
}

// names says whether the rule names a source.
func (r reach) names(source string) bool { return slices.Contains(r.sources, source) }

// wish is what the rule wants of a bus: of the sources that are asked for, all that it
// names. ok is false if that is nothing.
func (r reach) wish(of func(source string) bool) (w wish, ok bool) {
	w = wish{rule: r.rule.Name, reads: r.reads, pattern: everything()}
	if r.rule.Pattern != nil {
		w.pattern = decode(r.rule.Pattern.JSON())
	}
	for _, s := range r.sources {
		if of(s) {
			w.sources = append(w.sources, s)
		}
	}
	_, top := w.pattern["source"]
	ok = r.open || len(w.sources) > 0
	if r.open || !top {
		w.sources = nil
	}
	return w, ok
}

// literals are the texts that a field has to be one of; only is false where it can be
// something else, too.
func literals(a pattern.Alternative, path string) (texts []string, only bool) {
	f := field(a, path)
	if f == nil || f.MayBeAbsent {
		return nil, false
	}
	for _, t := range f.Tests {
		if t.Op != pattern.Equal || t.Not {
			return nil, false
		}
		for _, o := range t.Operands {
			if o.Kind == event.String {
				texts = append(texts, o.Text)
			}
		}
	}
	return texts, true
}

// prefixed says whether all that a field can be begins with a text.
func prefixed(a pattern.Alternative, path, prefix string) bool {
	f := field(a, path)
	if f == nil || f.MayBeAbsent {
		return false
	}
	return !slices.ContainsFunc(f.Tests, func(t pattern.Test) bool {
		return t.Not || t.Op != pattern.Equal && t.Op != pattern.Prefix ||
			slices.ContainsFunc(t.Operands, func(o pattern.Operand) bool { return !strings.HasPrefix(o.Text, prefix) })
	})
}

func field(a pattern.Alternative, path string) *pattern.Field {
	for _, f := range a.Fields {
		if f.Path == path {
			return f
		}
	}
	return nil
}

// isCalls says whether an alternative only takes what CloudTrail writes.
func isCalls(a pattern.Alternative) bool {
	types, only := literals(a, "detail-type")
	return only && !slices.ContainsFunc(types, func(t string) bool { return !strings.HasSuffix(t, " via CloudTrail") })
}

// readsOnly says whether an alternative names an API call that only reads. EventBridge
// keeps those back unless its rule asks for them
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html).
func readsOnly(a pattern.Alternative) bool {
	f := field(a, "detail.eventName")
	if f == nil {
		return false
	}
	return slices.ContainsFunc(f.Tests, func(t pattern.Test) bool {
		return !t.Not && (t.Op == pattern.Equal || t.Op == pattern.Prefix) && slices.ContainsFunc(t.Operands, func(o pattern.Operand) bool {
			return strings.HasPrefix(o.Text, "Describe") || strings.HasPrefix(o.Text, "Get") || strings.HasPrefix(o.Text, "List")
		})
	})
}
