package archive

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// The states of a replay.
const (
	Starting   = "STARTING"
	Running    = "RUNNING"
	Completed  = "COMPLETED"
	Cancelling = "CANCELLING"
	Cancelled  = "CANCELLED"
	Failed     = "FAILED"
)

// Replay puts an archive's events back on their bus.
type Replay struct {
	Name, Description string
	// Archive is the name of the archive, Lane its events, Bus where they go.
	Archive, Lane, Bus string
	// From and To are the window: events received at From or later, and before To.
	From, To time.Time
	// Rules are the names of the rules that may get them; none means all.
	Rules []string
	// Filter are these rules as the client named them.
	Filter []string
	State  string
	Reason string
	// Started and Ended are when it was asked for and when it was over; LastEvent is the
	// time of the last event that was put back.
	Started, Ended, LastEvent time.Time
	// Events counts those put back so far.
	Events int64
	// Upto is the place in the log up to which it has come.
	Upto store.Seq
}

// Over says whether it does nothing any more.
func (r *Replay) Over() bool { return slices.Contains([]string{Completed, Cancelled, Failed}, r.State) }

func replayKey(name string) string { return "replay/" + name }

const (
	// MaxReplays is how many may be under way at once, as in EventBridge.
	MaxReplays = 10
	// keepReplays is how long one that is over is remembered, as in EventBridge.
	keepReplays = 90 * 24 * time.Hour
)

// Start begins a replay. Archive, From, To, Rules, Name and Description are the
// caller's to set.
func (a *Archives) Start(ctx context.Context, r Replay) (Replay, error) {
	from, err := a.Get(ctx, r.Archive)
	if err != nil {
		return r, err
	}
	a.changing.Lock()
	defer a.changing.Unlock()
	all, err := a.Replays(ctx)
	if err != nil {
		return r, err
	}
	active := 0
	for _, other := range all {
		if other.Name == r.Name {
			return r, ErrExists
		}
		if !other.Over() {
			active++
		}
	}
	if active >= MaxReplays {
		return r, ErrTooMany
	}
	r.Lane, r.Bus, r.State, r.Started = from.Lane, from.Bus, Starting, a.c.Now().UTC()
	if err := a.state.Apply(ctx, a.state.Put(replayKey(r.Name), r, 0, time.Time{})); err != nil {
		return r, err
	}
	a.poke()
	return r, nil
}

func (a *Archives) poke() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// Cancel stops a replay; what it has put back stays.
func (a *Archives) Cancel(ctx context.Context, name string) (Replay, error) {
	r, err := a.changeReplay(ctx, name, func(r *Replay) error {
		if r.Over() || r.State == Cancelling {
			return ErrOver
		}
		r.State = Cancelling
		return nil
	})
	a.poke()
	return r, err
}

func (a *Archives) changeReplay(ctx context.Context, name string, set func(*Replay) error) (out Replay, err error) {
	err = a.state.Retry(ctx, func() error {
		stored, err := service.Get[Replay](ctx, a.state, replayKey(name))
		if err == nil && !stored.Exists() {
			err = ErrNotFound
		}
		if err == nil {
			err = set(&stored.Value)
		}
		if err != nil {
			return err
		}
		out = stored.Value
		expires := time.Time{}
		if out.Over() {
			expires = out.Ended.Add(keepReplays)
		}
		return a.state.Apply(ctx, a.state.Put(stored.Key, out, stored.Version, expires))
	})
	return out, err
}

// Replay returns one replay.
func (a *Archives) Replay(ctx context.Context, name string) (Replay, error) {
	stored, err := service.Get[Replay](ctx, a.state, replayKey(name))
	if err == nil && !stored.Exists() {
		err = ErrNotFound
	}
	return stored.Value, err
}

// Replays returns all replays by name.
func (a *Archives) Replays(ctx context.Context) ([]Replay, error) {
	var all []Replay
	err := service.All(ctx, a.state, replayKey(""), 100, func(s service.Stored[Replay]) bool {
		all = append(all, s.Value)
		return true
	})
	return all, err
}

// Events calls each with the archive's events of a window, in the order in which they
// were received, until it returns false. after is the place to begin behind; 0 finds the
// begin of the window.
func (a *Archives) Events(ctx context.Context, lane string, from, to time.Time, after store.Seq, each func(store.Entry) bool) error {
	if after == 0 {
		var err error
		if after, err = a.seek(ctx, lane, from); err != nil {
			return err
		}
	}
	for {
		entries, err := a.c.Store.Read(ctx, lane, after, readAtOnce)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if e.Received.After(to.Add(clockSlack)) {
				return nil
			}
			after = e.Seq
			if inWindow(e, from, to) && !each(e) {
				return nil
			}
		}
		if len(entries) < readAtOnce {
			return nil
		}
	}
}

func inWindow(e store.Entry, from, to time.Time) bool {
	return !e.Received.Before(from) && e.Received.Before(to)
}

// clockSlack is how far a clock may have been set back without hiding events from the
// search for the begin and the end of a window: the log is in the order of reception,
// but for that.
const clockSlack = 2 * time.Hour

// seek returns a place before the first event of a window, by halving: a long archive is
// not read from its beginning.
func (a *Archives) seek(ctx context.Context, lane string, from time.Time) (store.Seq, error) {
	low, err := a.c.Store.Cursor(ctx, lane)
	if err != nil {
		return 0, err
	}
	from = from.Add(-clockSlack)
	high := lastPlace
	for low < high {
		middle := low + (high-low)/2
		found, err := a.c.Store.Read(ctx, lane, middle, 1)
		switch {
		case err != nil:
			return 0, err
		case len(found) == 0 || !found[0].Received.Before(from):
			high = middle
		default:
			low = found[0].Seq
		}
	}
	return low, nil
}

// stepEvents is how many events of a replay are one commit: as many as are read at once.
const stepEvents = readAtOnce

// step puts the next events of a replay back, and says whether it is over. What it did is
// remembered after that: the events' keys make a repetition harmless.
func (a *Archives) step(ctx context.Context, r Replay, put service.Putter) (over bool, err error) {
	if r.State == Cancelling {
		_, err := a.end(ctx, r, Cancelled, "")
		return true, err
	}
	var entries []store.Entry
	err = a.Events(ctx, r.Lane, r.From, r.To, r.Upto, func(e store.Entry) bool {
		entries = append(entries, e)
		return len(entries) < stepEvents
	})
	if err != nil {
		return false, err
	}
	var submissions []service.Submission
	for _, e := range entries {
		r.Upto = e.Seq
		ev, err := Replayed(e, r.Name)
		if err != nil {
			a.log.Error("an archived event is damaged, it is not replayed", "event", e.ID, "error", err)
			continue
		}
		r.LastEvent = ev.Time
		submissions = append(submissions, service.Submission{Event: ev, Key: "replay/" + r.Name + "/" + seqText(e.Seq), Only: r.Rules})
	}
	if len(submissions) > 0 {
		if _, err := put.Put(ctx, submissions); err != nil {
			return false, err
		}
	}
	r.Events += int64(len(submissions))
	if len(entries) < stepEvents {
		_, err := a.end(ctx, r, Completed, "")
		return true, err
	}
	_, err = a.changeReplay(ctx, r.Name, func(stored *Replay) error {
		stored.Upto, stored.LastEvent, stored.Events = r.Upto, r.LastEvent, r.Events
		if stored.State == Starting {
			stored.State = Running
		}
		return nil
	})
	return false, err
}

// end ends a replay. One that was cancelled in the meantime ends as that.
func (a *Archives) end(ctx context.Context, r Replay, state, reason string) (Replay, error) {
	return a.changeReplay(ctx, r.Name, func(stored *Replay) error {
		stored.Upto, stored.LastEvent, stored.Events = r.Upto, r.LastEvent, r.Events
		if stored.State == Cancelling {
			state = Cancelled
		}
		stored.State, stored.Reason, stored.Ended = state, reason, a.c.Now().UTC()
		return nil
	})
}

// Run replays, counts and lets go of what is old, until ctx ends.
func (a *Archives) Run(ctx context.Context, put service.Putter) {
	var tidied time.Time
	for ctx.Err() == nil {
		wait := tidyEvery
		if busy, err := a.Step(ctx, put); err != nil && ctx.Err() == nil {
			if errors.Is(err, store.ErrClosed) {
				return
			}
			a.log.Warn("a replay waits and will go on", "error", err)
			wait = time.Second
		} else if busy {
			continue
		}
		if now := a.c.Now(); now.Sub(tidied) >= tidyEvery || now.Before(tidied) {
			tidied = now
			if err := a.tidy(ctx); err != nil && ctx.Err() == nil {
				a.log.Error("archives were not tidied", "error", err)
			}
		}
		select {
		case <-ctx.Done():
		case <-a.wake:
		case <-time.After(wait):
		}
	}
}

// Step makes one step of every replay that is under way, and says whether one is.
func (a *Archives) Step(ctx context.Context, put service.Putter) (busy bool, err error) {
	all, err := a.Replays(ctx)
	if err != nil {
		return false, err
	}
	slices.SortFunc(all, func(x, y Replay) int { return cmp.Or(x.Started.Compare(y.Started), cmp.Compare(x.Name, y.Name)) })
	var problems []error
	for _, r := range all {
		if r.Over() {
			continue
		}
		over, err := a.step(ctx, r, put)
		busy = busy || err == nil && !over
		problems = append(problems, err)
	}
	return busy, errors.Join(problems...)
}

// Replayed is an archived event as a replay puts it back: with the replay's name, on its
// bus, no further from a client than before.
func Replayed(e store.Entry, name string) (event.Event, error) {
	if len(e.Raw) == 0 {
		return event.Event{}, errors.New("its bytes are lost")
	}
	raw := slices.Clone(e.Raw)
	end := slices.Index(raw, '{') + 1
	member := append(event.AppendString([]byte(`"replay-name":`), name), ',')
	ev, err := event.Parse(slices.Insert(raw, end, member...))
	return ev.On(e.Bus, e.Hops), err
}

func seqText(s store.Seq) string { return strconv.FormatUint(uint64(s), 10) }
