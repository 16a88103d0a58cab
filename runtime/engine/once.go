package engine

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/tocsin-engine/tocsin/rules/expression"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// onceSpace is where the store keeps the keys of once_per: rule and key, with the id of
// the event that matched and its idempotency key, until the next one may.
const onceSpace = "once_per"

// onceKeys are the keys that one commit takes, with the events that take them.
type onceKeys map[string]onceKey

type onceKey struct {
	event, key string
	until      time.Time
}

// value is the key's value in the store.
func (k onceKey) value() []byte {
	b := event.AppendString([]byte(`{"event":`), k.event)
	b = event.AppendString(append(b, `,"key":`...), k.key)
	return append(b, '}')
}

// onceOf reads what value wrote.
func onceOf(i store.Item) onceKey {
	id, _ := event.Value(i.Value).Get("event").Text()
	key, _ := event.Value(i.Value).Get("key").Text()
	return onceKey{id, key, i.Expires}
}

// swaps writes the keys, if nobody took them in between. A commit has no order.
func (k onceKeys) swaps() []store.Swap {
	out := make([]store.Swap, 0, len(k))
	for key, v := range k {
		out = append(out, store.Swap{Space: onceSpace, Key: key, Value: v.value(), Expires: v.until})
	}
	return out
}

// holdBack finds which of an arrival's rules matched with the same key a short while
// ago, in the store or earlier in this commit, and takes the keys of the others.
func (e *Engine) holdBack(ctx context.Context, rs *ruleset, now time.Time, a *arrival, taken onceKeys) error {
	a.held = nil
	mine := onceKeys{} // taken only if the arrival turns out to be new
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
		earlier, ok := taken[key]
		if !ok {
			item, found, err := e.config.Store.Get(ctx, onceSpace, key, now)
			if err != nil {
				return fmt.Errorf("engine: once_per of rule %q: %w", r.Name, err)
			}
			earlier, ok = onceOf(item), found
		}
		switch {
		case !ok:
			mine[key] = onceKey{a.Event.ID, a.Key, now.Add(r.OncePer.Every)}
		case a.Key != "" && a.Key == earlier.key:
			// Its sender sends it again: what took the key was this submission itself.
			a.first = earlier.event
			return nil
		default:
			a.held = append(a.held, Held{Rule: r.Name, Key: text, Event: earlier.event, Until: earlier.until})
		}
	}
	maps.Copy(taken, mine)
	return nil
}
