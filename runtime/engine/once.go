package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/tocsin-engine/tocsin/rules/expression"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// onceSpace is where the store keeps the keys of once_per: rule and key, with the id of
// the event that matched, until the next one may.
const onceSpace = "once_per"

// onceKeys are the keys that one commit takes, with the events that take them.
type onceKeys map[string]onceKey

type onceKey struct {
	event string
	until time.Time
}

// swaps writes the keys, if nobody took them in between. A commit has no order.
func (k onceKeys) swaps() []store.Swap {
	out := make([]store.Swap, 0, len(k))
	for key, v := range k {
		out = append(out, store.Swap{Space: onceSpace, Key: key, Value: []byte(v.event), Expires: v.until})
	}
	return out
}

// holdBack finds which of an arrival's rules matched with the same key a short while
// ago, in the store or earlier in this commit, and takes the keys of the others.
func (e *Engine) holdBack(ctx context.Context, rs *ruleset, now time.Time, a *arrival, taken onceKeys) error {
	a.held = nil
	var env *expression.Env
	for _, i := range a.matched {
		r := rs.active[i]
		if r.OncePer == nil {
			continue
		}
		if env == nil {
			env = expression.NewEnv(a.Event)
		}
		env.SetRule(r.Name)
		text, err := r.OncePer.Key.Text(env)
		if err != nil {
			// Like a when that fails: no match, counted.
			e.stats.whenError(r.Name, fmt.Errorf("once_per.key: %w", err))
			a.held = append(a.held, Held{Rule: r.Name, Key: "(" + err.Error() + ")"})
			continue
		}
		key := r.Name + "/" + text
		if earlier, ok := taken[key]; ok {
			a.held = append(a.held, Held{Rule: r.Name, Key: text, Event: earlier.event, Until: earlier.until})
			continue
		}
		item, ok, err := e.config.Store.Get(ctx, onceSpace, key, now)
		if err != nil {
			return fmt.Errorf("engine: once_per of rule %q: %w", r.Name, err)
		}
		if ok {
			a.held = append(a.held, Held{Rule: r.Name, Key: text, Event: string(item.Value), Until: item.Expires})
			continue
		}
		taken[key] = onceKey{a.Event.ID, now.Add(r.OncePer.Every)}
	}
	return nil
}
