package events

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/archive"
	"github.com/tocsin-engine/tocsin/runtime/service"
)

// ReplayDestination is where a replay's events go: the bus of the archive, and there to
// all rules or to some.
type ReplayDestination struct {
	Arn        string
	FilterArns []string `json:",omitempty"`
}

// StartReplayRequest begins a replay.
type StartReplayRequest struct {
	ReplayName     string
	Description    string `json:",omitempty"`
	EventSourceArn string
	EventStartTime time.Time
	EventEndTime   time.Time
	Destination    *ReplayDestination
}

// ReplayResponse says how a replay is.
type ReplayResponse struct {
	ReplayArn       string
	State           string
	StateReason     string     `json:",omitempty"`
	ReplayStartTime *time.Time `json:",omitempty"`
}

// ReplayRequest names a replay.
type ReplayRequest struct {
	ReplayName string
}

// Replay is a replay as clients see it. A member of a list has no ReplayArn, no
// Description and no Destination.
type Replay struct {
	ReplayName            string
	ReplayArn             string `json:",omitempty"`
	Description           string `json:",omitempty"`
	State                 string
	StateReason           string `json:",omitempty"`
	EventSourceArn        string
	Destination           *ReplayDestination `json:",omitempty"`
	EventStartTime        time.Time
	EventEndTime          time.Time
	EventLastReplayedTime *time.Time `json:",omitempty"`
	ReplayStartTime       time.Time
	ReplayEndTime         *time.Time `json:",omitempty"`
}

// ListReplaysResponse is a page of replays.
type ListReplaysResponse struct {
	Replays   []Replay
	NextToken string `json:",omitempty"`
}

func replayARN(c service.Caller, name string) string { return c.ARN(Name, "replay/"+name) }

func itoa(n int) string { return strconv.Itoa(n) }

var nameOfReplay = regexp.MustCompile(`^[.\-_A-Za-z0-9]{1,64}$`)

// badParameter is EventBridge's error about one member.
func badParameter(member, reason string) error {
	return service.Errorf("ValidationException", "Parameter %s is not valid. Reason: %s", member, reason)
}

// StartReplay begins to put an archive's events back on its bus. The window is over when
// the events were received.
func (s *Service) StartReplay(ctx context.Context, c service.Caller, r *StartReplayRequest) (*ReplayResponse, error) {
	if err := checkName(r.ReplayName, "replayName", nameOfReplay, 64); err != nil {
		return nil, err
	}
	if r.Destination == nil {
		return nil, service.Errorf("ValidationException", "1 validation error detected: Value null at 'destination' failed to satisfy constraint: Member must not be null")
	}
	_, busName, isBus := strings.Cut(r.Destination.Arn, ":event-bus/")
	if !isBus {
		return nil, badParameter("Destination.Arn", "Must contain an event bus ARN.")
	}
	if _, err := s.known(ctx, c, r.Destination.Arn); err != nil {
		return nil, err
	}
	_, name, isArchive := strings.Cut(r.EventSourceArn, ":archive/")
	if !isArchive {
		return nil, badParameter("EventSourceArn", "Must contain an archive ARN.")
	}
	from, err := s.c.Archives.Get(ctx, name)
	if errors.Is(err, archive.ErrNotFound) || err == nil && r.EventSourceArn != archiveARN(c, name) {
		return nil, badParameter("EventSourceArn", "Archive "+name+" does not exist.")
	}
	switch {
	case err != nil:
		return nil, err
	case from.Bus != busName:
		return nil, badParameter("Destination.Arn", "Cross event bus replay is not permitted.")
	case !r.EventStartTime.Before(r.EventEndTime):
		return nil, badParameter("EventEndTime", "EventStartTime must be before EventEndTime.")
	}
	rules, err := s.ruleNames(c, from.Bus, r.Destination.FilterArns)
	if err != nil {
		return nil, err
	}
	started, err := s.c.Archives.Start(ctx, archive.Replay{
		Name: r.ReplayName, Description: r.Description, Archive: name, From: r.EventStartTime, To: r.EventEndTime,
		Rules: rules, Filter: r.Destination.FilterArns,
	})
	return &ReplayResponse{ReplayArn: replayARN(c, r.ReplayName), State: started.State, ReplayStartTime: &started.Started},
		archiveError(err, "Replay", r.ReplayName)
}

// ruleNames are the rules that ARNs name.
func (s *Service) ruleNames(c service.Caller, bus string, arns []string) (names []string, err error) {
	for _, arn := range arns {
		found := false
		for _, r := range s.c.Rules().Rules {
			if r.Bus == bus && ruleView(c, r).Arn == arn {
				names, found = append(names, r.Name), true
			}
		}
		if !found {
			return nil, badParameter("Destination.FilterArns", "Rule "+arn+" does not exist.")
		}
	}
	return names, nil
}

func replayView(c service.Caller, r archive.Replay) Replay {
	v := Replay{
		ReplayName: r.Name, ReplayArn: replayARN(c, r.Name), Description: r.Description, State: r.State, StateReason: r.Reason,
		EventSourceArn: archiveARN(c, r.Archive), Destination: &ReplayDestination{Arn: busARN(c, r.Bus), FilterArns: r.Filter},
		EventStartTime: r.From, EventEndTime: r.To, ReplayStartTime: r.Started,
	}
	if !r.LastEvent.IsZero() {
		v.EventLastReplayedTime = &r.LastEvent
	}
	if !r.Ended.IsZero() {
		v.ReplayEndTime = &r.Ended
	}
	return v
}

// DescribeReplay returns one replay.
func (s *Service) DescribeReplay(ctx context.Context, c service.Caller, r *ReplayRequest) (*Replay, error) {
	found, err := s.c.Archives.Replay(ctx, r.ReplayName)
	view := replayView(c, found)
	return &view, archiveError(err, "Replay", r.ReplayName)
}

const replayStates = "STARTING RUNNING CANCELLING COMPLETED CANCELLED FAILED"

// ListReplays lists replays by name.
func (s *Service) ListReplays(ctx context.Context, c service.Caller, r *FilteredListRequest) (*ListReplaysResponse, error) {
	if err := r.check("ListReplays", replayStates); err != nil {
		return nil, err
	}
	stored, err := s.c.Archives.Replays(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string]archive.Replay{}
	for _, found := range stored {
		if r.takes(found.State, archiveARN(c, found.Archive)) {
			all[found.Name] = found
		}
	}
	names, next, err := page(all, r.page())
	response := &ListReplaysResponse{Replays: []Replay{}, NextToken: next}
	for _, name := range names {
		view := replayView(c, all[name])
		view.ReplayArn, view.Description, view.Destination = "", "", nil
		response.Replays = append(response.Replays, view)
	}
	return response, err
}

// CancelReplay stops a replay.
func (s *Service) CancelReplay(ctx context.Context, c service.Caller, r *ReplayRequest) (*ReplayResponse, error) {
	found, err := s.c.Archives.Cancel(ctx, r.ReplayName)
	return &ReplayResponse{ReplayArn: replayARN(c, r.ReplayName), State: found.State}, archiveError(err, "Replay", r.ReplayName)
}
