package events

import (
	"context"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

type swap = store.Swap

// The states of a partner event source: without a bus, with one, and with one that
// gets nothing.
const (
	pending  = "PENDING"
	active   = "ACTIVE"
	inactive = "DEACTIVATED"
)

// pendingFor is how long a source waits for its bus.
const pendingFor = 14 * 24 * time.Hour

// source is a stored partner event source.
type source struct {
	Name    string
	State   string
	Created time.Time
}

func sourceKey(name string) string { return "source/" + name }

func (src source) view(c service.Caller) EventSource {
	partner, _, _ := strings.Cut(strings.TrimPrefix(src.Name, partnerPrefix), "/")
	v := EventSource{
		Arn: sourceARN(c, src.Name), Name: src.Name, CreatedBy: partnerPrefix + partner,
		CreationTime: src.Created, State: src.State,
	}
	if src.State == pending {
		v.ExpirationTime = src.Created.Add(pendingFor)
	}
	return v
}

func sourceARN(c service.Caller, name string) string {
	return "arn:aws:" + Name + ":" + c.Region + "::event-source/" + name
}

// source reads a source, or fails as clients see it.
func (s *Service) source(ctx context.Context, name string) (service.Stored[source], error) {
	src, err := service.Get[source](ctx, s.state, sourceKey(name))
	if err == nil && !src.Exists() {
		err = service.Errorf("ResourceNotFoundException", "Event source %s does not exist.", name)
	}
	return src, err
}

// changeSource reads, changes and writes one source.
func (s *Service) changeSource(ctx context.Context, name string, change func(*source) error) error {
	return s.state.Retry(ctx, func() error {
		src, err := s.source(ctx, name)
		if err != nil {
			return err
		}
		if err := change(&src.Value); err != nil {
			return err
		}
		return s.state.Apply(ctx, s.state.Put(src.Key, src.Value, src.Version, time.Time{}))
	})
}

// pendingAgain adds to swaps that a source lost its bus. The partner may have removed
// the source before.
func (s *Service) pendingAgain(ctx context.Context, name string, swaps []swap) ([]swap, error) {
	src, err := service.Get[source](ctx, s.state, sourceKey(name))
	if err != nil || !src.Exists() {
		return swaps, err
	}
	src.Value.State = pending
	return append(swaps, s.state.Put(src.Key, src.Value, src.Version, time.Time{})), nil
}

// CreatePartnerEventSource makes a source, waiting for its bus.
func (s *Service) CreatePartnerEventSource(ctx context.Context, c service.Caller, r *PartnerSourceRequest) (*CreatePartnerEventSourceResponse, error) {
	steps := strings.Split(r.Name, "/")
	switch {
	case !strings.HasPrefix(r.Name, partnerPrefix) || len(steps) < 4 || !event.ValidBus(r.Name):
		return nil, service.Errorf("ValidationException", "1 validation error detected: Value '%s' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: aws\\.partner/[\\.\\-_A-Za-z0-9]+/[/\\.\\-_A-Za-z0-9]*", r.Name)
	case r.Account != c.Account:
		return nil, service.Errorf("ValidationException", "Account %s is not here; this server speaks for %s.", r.Account, c.Account)
	}
	made := source{Name: r.Name, State: pending, Created: s.c.Now().UTC()}
	err := s.state.Retry(ctx, func() error {
		old, err := service.Get[source](ctx, s.state, sourceKey(r.Name))
		if err != nil {
			return err
		}
		if old.Exists() {
			return service.Errorf("ResourceAlreadyExistsException", "Event source %s already exists.", r.Name)
		}
		return s.state.Apply(ctx, s.state.Put(old.Key, made, 0, time.Time{}))
	})
	if err != nil {
		return nil, err
	}
	return &CreatePartnerEventSourceResponse{EventSourceArn: sourceARN(c, r.Name)}, nil
}

// DeletePartnerEventSource removes a source; its bus stays until its owner deletes it.
func (s *Service) DeletePartnerEventSource(ctx context.Context, _ service.Caller, r *PartnerSourceRequest) (*service.Empty, error) {
	return &service.Empty{}, s.state.Retry(ctx, func() error {
		src, err := s.source(ctx, r.Name)
		if err != nil {
			return err
		}
		return s.state.Apply(ctx, s.state.Drop(src.Key, src.Version))
	})
}

// ActivateEventSource lets events of a source pass again.
func (s *Service) ActivateEventSource(ctx context.Context, _ service.Caller, r *SourceRequest) (*service.Empty, error) {
	return &service.Empty{}, s.changeSource(ctx, r.Name, func(src *source) error {
		if src.State == pending {
			return service.Errorf("InvalidStateException", "Event source %s has no event bus; create one with its name.", src.Name)
		}
		src.State = active
		return nil
	})
}

// DeactivateEventSource stops the events of a source.
func (s *Service) DeactivateEventSource(ctx context.Context, _ service.Caller, r *SourceRequest) (*service.Empty, error) {
	return &service.Empty{}, s.changeSource(ctx, r.Name, func(src *source) error {
		if src.State == pending {
			return service.Errorf("InvalidStateException", "Event source %s is not active.", src.Name)
		}
		src.State = inactive
		return nil
	})
}

// DescribeEventSource returns a source as the customer sees it.
func (s *Service) DescribeEventSource(ctx context.Context, c service.Caller, r *SourceRequest) (*EventSource, error) {
	src, err := s.source(ctx, r.Name)
	if err != nil {
		return nil, err
	}
	view := src.Value.view(c)
	return &view, nil
}

// DescribePartnerEventSource returns a source as the partner sees it.
func (s *Service) DescribePartnerEventSource(ctx context.Context, c service.Caller, r *SourceRequest) (*PartnerEventSource, error) {
	src, err := s.source(ctx, r.Name)
	if err != nil {
		return nil, err
	}
	return &PartnerEventSource{Arn: sourceARN(c, src.Value.Name), Name: src.Value.Name}, nil
}

// sources reads one page of sources.
func (s *Service) sources(ctx context.Context, r *ListRequest) (found []source, next string, err error) {
	all := map[string]source{}
	err = service.All(ctx, s.state, sourceKey(r.NamePrefix), 100, func(src service.Stored[source]) bool {
		all[src.Value.Name] = src.Value
		return true
	})
	if err != nil {
		return nil, "", err
	}
	names, next, err := page(all, r)
	for _, name := range names {
		found = append(found, all[name])
	}
	return found, next, err
}

// ListEventSources lists the sources for the customer.
func (s *Service) ListEventSources(ctx context.Context, c service.Caller, r *ListRequest) (*ListEventSourcesResponse, error) {
	found, next, err := s.sources(ctx, r)
	if err != nil {
		return nil, err
	}
	response := &ListEventSourcesResponse{EventSources: []EventSource{}, NextToken: next}
	for _, src := range found {
		response.EventSources = append(response.EventSources, src.view(c))
	}
	return response, nil
}

// ListPartnerEventSources lists the sources for the partner.
func (s *Service) ListPartnerEventSources(ctx context.Context, c service.Caller, r *ListRequest) (*ListPartnerEventSourcesResponse, error) {
	found, next, err := s.sources(ctx, r)
	if err != nil {
		return nil, err
	}
	response := &ListPartnerEventSourcesResponse{PartnerEventSources: []PartnerEventSource{}, NextToken: next}
	for _, src := range found {
		response.PartnerEventSources = append(response.PartnerEventSources, PartnerEventSource{Arn: sourceARN(c, src.Name), Name: src.Name})
	}
	return response, nil
}

// ListPartnerEventSourceAccounts says whose source it is.
func (s *Service) ListPartnerEventSourceAccounts(ctx context.Context, c service.Caller, r *ListPartnerEventSourceAccountsRequest) (*ListPartnerEventSourceAccountsResponse, error) {
	src, err := s.source(ctx, r.EventSourceName)
	if err != nil {
		return nil, err
	}
	v := src.Value.view(c)
	return &ListPartnerEventSourceAccountsResponse{PartnerEventSourceAccounts: []PartnerEventSourceAccount{
		{Account: c.Account, CreationTime: v.CreationTime, ExpirationTime: v.ExpirationTime, State: v.State},
	}}, nil
}

// PutPartnerEvents puts a partner's events on the bus that has the source's name. What
// comes while the source is not active is accepted and counted, as for a bus that does
// not exist.
func (s *Service) PutPartnerEvents(ctx context.Context, c service.Caller, r *PutEventsRequest) (*PutEventsResponse, error) {
	if err := checkEntries(r.Entries, maxPartnerEntries); err != nil {
		return nil, err
	}
	b := batch{s: s, c: c, name: "put-partner"}
	for i, e := range r.Entries {
		code, message := checkEntry(e)
		var target *bus
		if code == "" {
			src, err := service.Get[source](ctx, s.state, sourceKey(e.Source))
			if err != nil {
				return nil, err
			}
			if !src.Exists() {
				code, message = "InvalidArgument", "Parameter Source is not valid. Reason: Event source "+e.Source+" does not exist."
			}
			if src.Value.State == active {
				target = &bus{Name: e.Source}
			}
		}
		b.add(i, e, target, code, message)
	}
	return b.put(ctx)
}
