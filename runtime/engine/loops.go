package engine

import (
	"sync"
	"time"
)

// loopQuiet is how long a rule's second warning about a loop waits.
const loopQuiet = time.Minute

// loopLog counts loops that were cut and warns about them, once a minute for each rule.
type loopLog struct {
	mu   sync.Mutex
	said map[string]time.Time
}

func (l *loopLog) say(e *Engine, a *arrival, now time.Time) {
	e.stats.loopCut(a.from.rule, a.Event.Bus)
	l.mu.Lock()
	defer l.mu.Unlock()
	if last, ok := l.said[a.from.rule]; ok && now.Sub(last) < loopQuiet {
		return
	}
	if l.said == nil {
		l.said = map[string]time.Time{}
	}
	l.said[a.from.rule] = now
	e.log.Warn("a loop was cut", "rule", a.from.rule, "target", a.from.target,
		"event", a.Event.ID, "source", a.Event.Source, "hops", a.Event.Hops)
}
