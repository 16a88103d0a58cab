package dispatch

import (
	"sync"
	"time"
)

// quietFor is how long a lane's second warning waits, so that a broken target fills no
// disk with log lines.
const quietFor = 10 * time.Second

// quiet limits how often a lane says the same thing.
type quiet struct {
	talk sync.Mutex
	said map[string]voice
}

type voice struct {
	last   time.Time
	silent int
}

// allow says whether what may be said now, and how often it was kept back before.
func (q *quiet) allow(what string, now time.Time) (silent int, ok bool) {
	q.talk.Lock()
	defer q.talk.Unlock()
	v, spoke := q.said[what]
	if spoke && now.Sub(v.last) < quietFor {
		v.silent++
		q.said[what] = v
		return 0, false
	}
	if q.said == nil {
		q.said = map[string]voice{}
	}
	q.said[what] = voice{last: now}
	return v.silent, true
}

// complain logs a warning of this lane.
func (l *lane) complain(now time.Time, what string, args ...any) {
	if silent, ok := l.allow(what, now); ok {
		l.d.log.Warn(what, append(args, "target", l.name, "not_shown", silent)...)
	}
}

// tell logs an attempt.
func (l *lane) tell(r Report) {
	if r.Kind == Delivered && !l.d.log.IsDebug() {
		return // every delivery comes here
	}
	args := []any{"rule", r.Rule, "event", r.Entry.ID, "attempt", r.Attempt}
	switch r.Kind {
	case Delivered:
		l.d.log.Debug("delivered", append(args, "target", l.name, "took", r.Took)...)
	case Retried:
		l.complain(r.At, "delivery failed, will retry", append(args, "next", r.Next, "code", r.Code, "error", r.Message)...)
	case Dead:
		l.complain(r.At, "delivery failed for good, dead-lettered",
			append(args, "code", r.Code, "exhausted", r.Exhausted, "error", r.Message)...)
	case QueueFailed:
		l.complain(r.At, "a dead letter waits for its queue", append(args, "next", r.Next, "error", r.Message)...)
	}
}
