package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// LetterFilter says which dead letters are meant; its zero value means all.
type LetterFilter struct {
	Target, Rule string
	// Queue is the dead-letter queue that the rule files name now for rule and target.
	Queue string
	// Since leaves out those that died before.
	Since time.Time
}

// Letter is a dead letter of the store's list.
type Letter struct {
	store.DeadLetter
	// Queue is the queue that got a copy, as the rule files say now; "" for none.
	Queue string
}

// lettersAtOnce is how many dead letters are read at once.
const lettersAtOnce = 500

// DeadLetters returns up to n dead letters with an ID greater than after, oldest first,
// and where to go on; 0 at the end.
func (e *Engine) DeadLetters(ctx context.Context, f LetterFilter, after store.DeadLetterID, n int) (found []Letter, next store.DeadLetterID, err error) {
	for {
		letters, err := e.config.Store.DeadLetters(ctx, f.Target, after, lettersAtOnce)
		if err != nil {
			return nil, 0, fmt.Errorf("engine: dead letters: %w", err)
		}
		for _, d := range letters {
			if len(found) == n {
				return found, after, nil
			}
			after = d.ID
			letter := Letter{d, e.queueOf(d)}
			if f.takes(letter) {
				found = append(found, letter)
			}
		}
		if len(letters) < lettersAtOnce {
			return found, 0, nil
		}
	}
}

func (f LetterFilter) takes(l Letter) bool {
	return (f.Rule == "" || l.Rule == f.Rule) && (f.Queue == "" || l.Queue == f.Queue) && !l.Died.Before(f.Since)
}

// queueOf is the queue for dead letters of a delivery's rule and target.
func (e *Engine) queueOf(d store.DeadLetter) string {
	rs := e.rules.Load()
	t, ok := rs.targets[d.Target]
	if !ok {
		return ""
	}
	for i := range rs.set.Rules {
		r := &rs.set.Rules[i]
		if r.Name != d.Rule {
			continue
		}
		for _, route := range r.Targets {
			if route.Target == d.Target && route.DeadLetter != nil {
				return *route.DeadLetter
			}
		}
	}
	return t.def.DeadLetter
}

// letters reads dead letters by their ids; those that are not there any more are left
// out.
func (e *Engine) letters(ctx context.Context, ids []store.DeadLetterID) ([]store.DeadLetter, error) {
	var out []store.DeadLetter
	for _, id := range ids {
		if id == 0 {
			continue
		}
		found, err := e.config.Store.DeadLetters(ctx, "", id-1, 1)
		if err != nil {
			return nil, fmt.Errorf("engine: dead letters: %w", err)
		}
		if len(found) == 1 && found[0].ID == id {
			out = append(out, found[0])
		}
	}
	return out, nil
}

// Redrive gives dead letters back to the rules and targets that they were for, and says
// how many there were. The copies in dead-letter queues stay where they are.
func (e *Engine) Redrive(ctx context.Context, ids []store.DeadLetterID) (int, error) {
	found, err := e.letters(ctx, ids)
	if err == nil {
		err = e.dispatch.Redrive(ctx, found)
	}
	return len(found), err
}

// Purge forgets dead letters, and says how many there were. The copies in dead-letter
// queues stay where they are.
func (e *Engine) Purge(ctx context.Context, ids []store.DeadLetterID) (int, error) {
	found, err := e.letters(ctx, ids)
	if err != nil {
		return 0, err
	}
	byTarget := map[string][]store.DeadLetterID{}
	for _, d := range found {
		byTarget[d.Target] = append(byTarget[d.Target], d.ID)
	}
	for target, ids := range byTarget {
		if err := e.config.Store.Settle(ctx, store.Settlement{Target: target, Forget: ids}); err != nil {
			return 0, fmt.Errorf("engine: purge: %w", err)
		}
	}
	return len(found), nil
}
