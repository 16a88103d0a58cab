package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tocsin-engine/tocsin/rules/expression"
	"github.com/tocsin-engine/tocsin/rules/matcher"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/rules/transform"
	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// ruleset is what one Load made: immutable, but for the targets that are opened when
// they are first needed.
type ruleset struct {
	set *rulefile.Set
	// active are the rules that are not disabled, as the matcher numbers them.
	active  []*rulefile.Rule
	pairs   [][]store.Pair // of each active rule
	matcher *matcher.Matcher
	// refused are the rules that the matcher cannot use; one that has only a schedule
	// never matches, and is none of them.
	refused []matcher.Problem
	targets map[string]*target
}

// newRuleset indexes a set; nil is the empty set.
func newRuleset(set *rulefile.Set) *ruleset {
	if set == nil {
		set = &rulefile.Set{}
	}
	rs := &ruleset{set: set, targets: map[string]*target{}}
	var rules []matcher.Rule
	for i := range set.Rules {
		r := &set.Rules[i]
		if r.Disabled {
			continue
		}
		rs.active = append(rs.active, r)
		rs.pairs = append(rs.pairs, pairsOf(r))
		rules = append(rules, matcher.Rule{Name: r.Name, Bus: r.Bus, Pattern: r.Pattern, When: r.When})
	}
	rs.matcher, rs.refused = matcher.New(rules)
	rs.refused = slices.DeleteFunc(rs.refused, func(p matcher.Problem) bool {
		return rs.active[p.Rule].Schedule != nil && rules[p.Rule].Pattern == nil && rules[p.Rule].When == nil
	})
	return rs
}

func pairsOf(r *rulefile.Rule) []store.Pair {
	var pairs []store.Pair
	for _, route := range r.Targets {
		if p := (store.Pair{Rule: r.Name, Target: route.Target}); !slices.Contains(pairs, p) {
			pairs = append(pairs, p)
		}
	}
	return pairs
}

// ErrNeedsDurable means that a rule has a memory that the store cannot keep.
var ErrNeedsDurable = errors.New("engine: once_per needs a store that keeps its state")

// Load replaces all rules and targets, or changes nothing and says why. Targets that
// are the same as before go on as they are.
func (e *Engine) Load(ctx context.Context, set *rulefile.Set) error {
	e.loading.Lock()
	defer e.loading.Unlock()
	start := e.config.Now()
	rs := newRuleset(set)
	index := e.config.Now().Sub(start)
	e.status.indexed(index)
	if err := e.admit(rs); err != nil {
		return err
	}
	old := e.rules.Load()
	if err := e.openTargets(ctx, rs, old); err != nil {
		e.closeTargets(rs, old)
		return err
	}
	// First the targets, then the rules: an event must not match before dispatch knows
	// where it is to go, or it would die of NO_RESOURCE.
	if err := e.dispatch.SetTargets(ctx, e.specs(rs)); err != nil {
		e.closeTargets(rs, old)
		return err
	}
	plans, err := e.plan(ctx, rs)
	if err == nil && e.config.Archives != nil {
		err = e.config.Archives.Load(ctx, rs.set.Archives)
	}
	if err != nil {
		e.closeTargets(rs, old)
		return err
	}
	e.rules.Store(rs)
	e.plans = plans
	select {
	case e.replanned <- struct{}{}:
	default:
	}
	e.closeTargets(old, rs)
	e.log.Info("rules loaded", "rules", len(rs.set.Rules), "enabled", len(rs.active), "targets", len(rs.targets),
		"index", index.String(), "took", e.config.Now().Sub(start).String())
	return nil
}

// admit checks what rulefile cannot: the store of this engine, and the index.
func (e *Engine) admit(rs *ruleset) error {
	var problems []error
	for _, r := range rs.active {
		if r.OncePer != nil && !e.config.Rehearsal && !e.config.Store.Promises().Durable {
			problems = append(problems, fmt.Errorf("rule %q: %w; this is %s", r.Name, ErrNeedsDurable, e.config.Store.Promises().Kind))
		}
	}
	if len(rs.set.Archives) > 0 && e.config.Archives == nil && !e.config.Rehearsal {
		problems = append(problems, errors.New("this engine keeps no archives"))
	}
	for _, p := range rs.refused {
		problems = append(problems, fmt.Errorf("rule %q: %s", rs.active[p.Rule].Name, p.Message))
	}
	return errors.Join(problems...)
}

// specs is what dispatch needs of the targets.
func (e *Engine) specs(rs *ruleset) map[string]dispatch.TargetSpec {
	specs := map[string]dispatch.TargetSpec{}
	for name, t := range rs.targets {
		specs[name] = dispatch.TargetSpec{
			Runner: t, Routes: map[string]dispatch.Route{}, DeadLetter: t.def.DeadLetter,
			Concurrency: t.def.Concurrency, Batch: t.def.Batch, Window: t.def.Window, OrderBy: orderBy(t.def),
		}
	}
	for i := range rs.set.Rules {
		r := &rs.set.Rules[i]
		for _, route := range r.Targets {
			if spec, ok := specs[route.Target]; ok {
				spec.Routes[r.Name] = e.route(r, route, rs.targets[route.Target].def)
			}
		}
	}
	return specs
}

// orderBy makes the order keys of a target's deliveries, nil without order.
func orderBy(t rulefile.Target) func(event.Event) (string, error) {
	if t.OrderBy == nil {
		return nil
	}
	return func(ev event.Event) (string, error) { return t.OrderBy.Text(expression.NewEnv(ev)) }
}

// route merges what the rule says about a target with what the target says itself.
func (e *Engine) route(r *rulefile.Rule, route rulefile.Route, t rulefile.Target) dispatch.Route {
	out := dispatch.Route{DeadLetter: t.DeadLetter, Retry: retryPolicy(t.Retry)}
	if route.Retry != nil {
		out.Retry = retryPolicy(route.Retry)
	}
	if route.DeadLetter != nil {
		out.DeadLetter = *route.DeadLetter
	}
	input := t.Input
	if route.HasInput {
		input = route.Input
	}
	if !input.IsZero() {
		name, arn := r.Name, e.ruleARN(r.Name, r.Bus)
		out.Shape = func(ev event.Event, entry store.Entry) ([]byte, error) {
			return input.Apply(ev, transform.Context{RuleName: name, RuleARN: arn, Ingestion: entry.Received})
		}
	}
	return out
}

func retryPolicy(r *rulefile.Retry) dispatch.RetryPolicy {
	if r == nil {
		return dispatch.RetryPolicy{}
	}
	return dispatch.RetryPolicy{Attempts: r.Attempts, Within: r.Within}
}

// ruleARN is a rule in EventBridge's form.
func (e *Engine) ruleARN(name, bus string) string {
	if bus != event.DefaultBus {
		name = bus + "/" + name
	}
	return "arn:aws:events:" + e.config.Region + ":" + e.config.Account + ":rule/" + name
}
