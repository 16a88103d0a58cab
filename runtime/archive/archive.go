package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/rules/matcher"
	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Errors that callers tell apart with errors.Is.
var (
	ErrNotFound = errors.New("archive: there is none of this name")
	ErrExists   = errors.New("archive: there is one of this name")
	ErrTooMany  = errors.New("archive: too many replays at once")
	// ErrRuleFile means that a rule file has the archive, which is changed there.
	ErrRuleFile = errors.New("archive: it is in a rule file; change it there")
	// ErrNeedsDurable means that the store would forget what an archive keeps.
	ErrNeedsDurable = errors.New("archive: archives need a store that keeps its state; start with --data DIR")
	// ErrOver means that a replay has ended and cannot be cancelled.
	ErrOver = errors.New("archive: the replay is over")
)

// The states of an archive. One that is not in the rule files any more is DISABLED: it
// keeps what it has and takes nothing new, until it is deleted.
const (
	Enabled  = "ENABLED"
	Disabled = "DISABLED"
)

// Archive keeps the events of a bus that match its pattern.
type Archive struct {
	Name, Description, Bus string
	// Pattern is an event pattern as JSON; "" keeps every event.
	Pattern string
	// RetentionDays is how long an event is kept; 0 means for ever.
	RetentionDays int
	KMSKey        string
	State         string
	Created       time.Time
	// File is the rule file that has it, "" for one that a client made.
	File string
	// Lane is the reader of the log that holds its events.
	Lane string
}

// Config is what Archives work with.
type Config struct {
	// Store keeps archives and replays. Required.
	Store store.Store
	// Rehearsal says that nothing depends on what is kept: any store will do.
	Rehearsal bool
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Log is the logger. Default: none.
	Log hclog.Logger
}

// Archives are all archives and replays of a store. Make one with New.
type Archives struct {
	c     Config
	state service.State
	log   hclog.Logger
	// index says which archives want an event; nil while there is none.
	index atomic.Pointer[index]
	// changing is held while the set of archives changes, counting while they are counted.
	changing, counting sync.Mutex
	wake               chan struct{}
}

// New makes the archives; Load reads those that the store has.
func New(c Config) *Archives {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = hclog.NewNullLogger()
	}
	return &Archives{c: c, state: service.NewState(c.Store, "archive", c.Now), log: c.Log.Named("archive"), wake: make(chan struct{}, 1)}
}

// lanePrefix begins the names of archives' lanes; see store.Reserved.
const lanePrefix = "archive/"

func archiveKey(name string) string { return "archive/" + name }

// index finds the archives that want an event.
type index struct {
	matcher *matcher.Matcher
	// pairs are those of the archives with a pattern, as the matcher numbers them; whole
	// those of the others, by bus.
	pairs []store.Pair
	whole map[string][]store.Pair
}

// Want returns the pairs that make archives keep an event: the name of each and its lane.
func (a *Archives) Want(ev event.Event) []store.Pair {
	x := a.index.Load()
	if x == nil || event.Value(ev.Raw()).Get("replay-name") != nil {
		return nil
	}
	pairs := slices.Clone(x.whole[ev.Bus])
	x.matcher.Match(ev, func(i int) { pairs = append(pairs, x.pairs[i]) })
	return pairs
}

// reindex reads all archives. a.changing is held.
func (a *Archives) reindex(ctx context.Context) error {
	x := &index{whole: map[string][]store.Pair{}}
	var rules []matcher.Rule
	all, err := a.List(ctx)
	if err != nil {
		return err
	}
	any := false
	for _, r := range all {
		pair := store.Pair{Rule: r.Name, Target: r.Lane}
		switch {
		case r.State != Enabled:
			continue
		case r.Pattern == "":
			x.whole[r.Bus] = append(x.whole[r.Bus], pair)
		default:
			p, wrong := pattern.CompileJSON([]byte(r.Pattern))
			if len(wrong) > 0 {
				return fmt.Errorf("archive: the pattern of %q: %w", r.Name, wrong[0])
			}
			rules = append(rules, matcher.Rule{Name: r.Name, Bus: r.Bus, Pattern: p})
			x.pairs = append(x.pairs, pair)
		}
		any = true
	}
	if !any {
		a.index.Store(nil)
		return nil
	}
	var problems []matcher.Problem
	if x.matcher, problems = matcher.New(rules); len(problems) > 0 {
		return fmt.Errorf("archive: %q: %s", rules[problems[0].Rule].Name, problems[0].Message)
	}
	a.index.Store(x)
	return nil
}

// Load makes the archives of the rule files, changes those that they changed, and takes
// over what clients made. An archive that was in a rule file and is no more is disabled.
func (a *Archives) Load(ctx context.Context, declared []rulefile.Archive) error {
	a.changing.Lock()
	defer a.changing.Unlock()
	before, err := a.List(ctx)
	if err != nil {
		return err
	}
	named := map[string]bool{}
	for _, d := range declared {
		named[d.Name] = true
		if err := a.declare(ctx, d); err != nil {
			return fmt.Errorf("archive %q: %w", d.Name, err)
		}
	}
	for _, old := range before {
		if old.File == "" || old.State == Disabled || named[old.Name] {
			continue
		}
		a.log.Warn("an archive is not in the rule files any more: it keeps what it has and takes nothing new; tocsin archive delete deletes it",
			"archive", old.Name, "file", old.File)
		err := a.change(ctx, old.Name, func(r *Archive) error {
			r.State = Disabled
			return nil
		})
		if err != nil {
			return err
		}
	}
	return a.reindex(ctx)
}

// declare makes or changes an archive of a rule file.
func (a *Archives) declare(ctx context.Context, d rulefile.Archive) error {
	text := ""
	if d.Pattern != nil {
		text = string(d.Pattern.JSON())
	}
	set := func(r *Archive) error {
		if r.Bus != d.Bus {
			return fmt.Errorf("it keeps events of bus %q; delete it, or choose another name for one of bus %q", r.Bus, d.Bus)
		}
		r.Description, r.Pattern, r.RetentionDays, r.File, r.State = d.Description, text, d.RetentionDays, d.File, Enabled
		return nil
	}
	err := a.change(ctx, d.Name, set)
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	return a.make(ctx, Archive{Name: d.Name, Bus: d.Bus}, set)
}

// Create makes an archive for a client.
func (a *Archives) Create(ctx context.Context, made Archive) (Archive, error) {
	a.changing.Lock()
	defer a.changing.Unlock()
	if err := a.make(ctx, made, func(*Archive) error { return nil }); err != nil {
		return Archive{}, err
	}
	if err := a.reindex(ctx); err != nil {
		return Archive{}, err
	}
	return a.Get(ctx, made.Name)
}

// make stores a new archive, whose lane no archive had before.
func (a *Archives) make(ctx context.Context, r Archive, set func(*Archive) error) error {
	if !a.c.Rehearsal && !a.c.Store.Promises().Durable {
		return ErrNeedsDurable
	}
	now := a.c.Now().UTC()
	r.Created, r.State = now, Enabled
	r.Lane = lanePrefix + r.Name + "/" + strconv.FormatInt(now.UnixNano(), 36)
	if err := set(&r); err != nil {
		return err
	}
	err := a.state.Apply(ctx, a.state.Put(archiveKey(r.Name), r, 0, time.Time{}))
	if errors.Is(err, store.ErrConflict) {
		return ErrExists
	}
	return err
}

// Update changes an archive for a client.
func (a *Archives) Update(ctx context.Context, name string, set func(*Archive)) (Archive, error) {
	a.changing.Lock()
	defer a.changing.Unlock()
	err := a.change(ctx, name, func(r *Archive) error {
		if r.File != "" && r.State == Enabled {
			return ErrRuleFile
		}
		set(r)
		return nil
	})
	if err == nil {
		err = a.reindex(ctx)
	}
	if err != nil {
		return Archive{}, err
	}
	return a.Get(ctx, name)
}

func (a *Archives) change(ctx context.Context, name string, set func(*Archive) error) error {
	return a.state.Retry(ctx, func() error {
		stored, err := service.Get[Archive](ctx, a.state, archiveKey(name))
		if err == nil && !stored.Exists() {
			err = ErrNotFound
		}
		before := stored.Value
		if err == nil {
			err = set(&stored.Value)
		}
		if err != nil || stored.Value == before {
			return err
		}
		return a.state.Apply(ctx, a.state.Put(stored.Key, stored.Value, stored.Version, time.Time{}))
	})
}

// Delete deletes an archive and lets go of its events.
func (a *Archives) Delete(ctx context.Context, name string) error {
	a.changing.Lock()
	defer a.changing.Unlock()
	r, err := a.Get(ctx, name)
	if err != nil {
		return err
	}
	if r.File != "" && r.State == Enabled {
		return ErrRuleFile
	}
	err = a.state.Apply(ctx, a.state.Drop(archiveKey(name), store.AnyVersion), a.state.Drop(countKey(r.Lane), store.AnyVersion))
	if err == nil {
		err = a.reindex(ctx)
	}
	if err != nil {
		return err
	}
	// Nobody wants it any more: everything it holds has been read, so to speak. Its lane
	// never comes back.
	return a.c.Store.Settle(ctx, store.Settlement{Target: r.Lane, Cursor: lastPlace})
}

// lastPlace is beyond every entry of the log.
const lastPlace = store.Seq(1 << 62)

// Get returns one archive.
func (a *Archives) Get(ctx context.Context, name string) (Archive, error) {
	stored, err := service.Get[Archive](ctx, a.state, archiveKey(name))
	if err == nil && !stored.Exists() {
		err = ErrNotFound
	}
	return stored.Value, err
}

// List returns all archives by name.
func (a *Archives) List(ctx context.Context) ([]Archive, error) {
	var all []Archive
	err := service.All(ctx, a.state, archiveKey(""), 100, func(s service.Stored[Archive]) bool {
		all = append(all, s.Value)
		return true
	})
	return all, err
}
