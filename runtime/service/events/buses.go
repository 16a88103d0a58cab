package events

import (
	"cmp"
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// maxBuses is EventBridge's quota of custom buses.
const maxBuses = 100

// partnerPrefix begins the names of partner sources and their buses.
const partnerPrefix = "aws.partner/"

// bus is a stored bus.
type bus struct {
	Name        string
	Description string            `json:",omitempty"`
	KMSKey      string            `json:",omitempty"`
	DeadLetter  *DeadLetterConfig `json:",omitempty"`
	Tags        []Tag             `json:",omitempty"`
	Created     time.Time
	Modified    time.Time
}

func busKey(name string) string { return "bus/" + name }

func busARN(c service.Caller, name string) string { return c.ARN(Name, "event-bus/"+name) }

func (b bus) view(c service.Caller) EventBus {
	return EventBus{
		Arn: busARN(c, b.Name), Name: b.Name, Description: b.Description, KmsKeyIdentifier: b.KMSKey,
		DeadLetterConfig: b.DeadLetter, CreationTime: b.Created, LastModifiedTime: b.Modified,
	}
}

// busName takes a name or an ARN; "" is the default bus. ok is false for the ARN of
// another account or region.
func busName(c service.Caller, nameOrARN string) (name string, ok bool) {
	if !strings.HasPrefix(nameOrARN, "arn:") {
		return cmp.Or(nameOrARN, event.DefaultBus), true
	}
	_, name, _ = strings.Cut(nameOrARN, ":event-bus/")
	return name, nameOrARN == busARN(c, name)
}

// openBus finds the bus of an entry. A bus that does not exist is nil; a name that no
// bus can have is an error.
func (s *Service) openBus(ctx context.Context, c service.Caller, nameOrARN string) (*bus, error) {
	name, ours := busName(c, nameOrARN)
	if !event.ValidBus(name) {
		return nil, invalidName("eventBusName", nameOrARN)
	}
	switch {
	case !ours:
		return nil, nil
	case s.given(name):
		return &bus{Name: name}, nil
	}
	b, err := s.bus(ctx, name)
	if err != nil || b.Value.Name == "" {
		return nil, err
	}
	return &b.Value, nil
}

// bus reads a bus by its name; one that does not exist has no name. The default bus
// and those of rule files need not be stored.
func (s *Service) bus(ctx context.Context, name string) (service.Stored[bus], error) {
	b, err := service.Get[bus](ctx, s.state, busKey(name))
	if err == nil && !b.Exists() && s.given(name) {
		b.Value.Name = name
	}
	return b, err
}

// given says whether a bus is there without having been created by a client.
func (s *Service) given(name string) bool {
	return name == event.DefaultBus || slices.Contains(s.c.Rules().Buses, name)
}

// known is bus with the error that clients get for one that is not there.
func (s *Service) known(ctx context.Context, c service.Caller, nameOrARN string) (service.Stored[bus], error) {
	name, ours := busName(c, nameOrARN)
	if !event.ValidBus(name) {
		return service.Stored[bus]{}, invalidName("name", nameOrARN)
	}
	b, err := s.bus(ctx, name)
	if err == nil && (b.Value.Name == "" || !ours) {
		err = service.Errorf("ResourceNotFoundException", "Event bus %s does not exist.", name)
	}
	return b, err
}

// CreateEventBus makes a custom bus, or the bus of a partner source, which it makes
// active.
func (s *Service) CreateEventBus(ctx context.Context, c service.Caller, r *CreateEventBusRequest) (*CreateEventBusResponse, error) {
	partner := strings.HasPrefix(r.Name, partnerPrefix)
	switch {
	case !event.ValidBus(r.Name):
		return nil, invalidName("name", r.Name)
	case strings.Contains(r.Name, "/") && !partner:
		return nil, service.Errorf("ValidationException", "Event bus name must not contain '/'.")
	case partner && r.EventSourceName != r.Name, !partner && r.EventSourceName != "":
		return nil, service.Errorf("ValidationException", "The bus of a partner event source has the source's name: give Name and EventSourceName the same value.")
	}
	now := s.c.Now().UTC()
	made := bus{
		Name: r.Name, Description: r.Description, KMSKey: r.KmsKeyIdentifier, DeadLetter: r.DeadLetterConfig,
		Tags: r.Tags, Created: now, Modified: now,
	}
	err := s.state.Retry(ctx, func() error { return s.create(ctx, made, partner) })
	if err != nil {
		return nil, err
	}
	return &CreateEventBusResponse{
		EventBusArn: busARN(c, r.Name), Description: r.Description, KmsKeyIdentifier: r.KmsKeyIdentifier, DeadLetterConfig: r.DeadLetterConfig,
	}, nil
}

func (s *Service) create(ctx context.Context, made bus, partner bool) error {
	old, err := s.bus(ctx, made.Name)
	if err != nil {
		return err
	}
	if old.Value.Name != "" {
		return service.Errorf("ResourceAlreadyExistsException", "Event bus %s already exists.", made.Name)
	}
	stored, err := service.List[bus](ctx, s.state, busKey(""), "", maxBuses)
	if err != nil {
		return err
	}
	if len(stored) == maxBuses {
		return service.Errorf("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
	}
	swaps := []swap{s.state.Put(old.Key, made, old.Version, time.Time{})}
	if partner {
		source, err := s.source(ctx, made.Name)
		if err != nil {
			return err
		}
		source.Value.State = active
		swaps = append(swaps, s.state.Put(source.Key, source.Value, source.Version, time.Time{}))
	}
	return s.state.Apply(ctx, swaps...)
}

// DescribeEventBus returns one bus.
func (s *Service) DescribeEventBus(ctx context.Context, c service.Caller, r *EventBusRequest) (*EventBus, error) {
	b, err := s.known(ctx, c, r.Name)
	if err != nil {
		return nil, err
	}
	view := b.Value.view(c)
	return &view, nil
}

// UpdateEventBus changes a bus. Changing one of a rule file stores what was changed.
func (s *Service) UpdateEventBus(ctx context.Context, c service.Caller, r *UpdateEventBusRequest) (*UpdateEventBusResponse, error) {
	var b service.Stored[bus]
	err := s.state.Retry(ctx, func() (err error) {
		if b, err = s.known(ctx, c, r.Name); err != nil {
			return err
		}
		if r.Description != nil {
			b.Value.Description = *r.Description
		}
		if r.KmsKeyIdentifier != nil {
			b.Value.KMSKey = *r.KmsKeyIdentifier
		}
		if r.DeadLetterConfig != nil {
			b.Value.DeadLetter = r.DeadLetterConfig
		}
		b.Value.Modified = s.c.Now().UTC()
		return s.state.Apply(ctx, s.state.Put(b.Key, b.Value, b.Version, time.Time{}))
	})
	if err != nil {
		return nil, err
	}
	v := b.Value
	return &UpdateEventBusResponse{
		Arn: busARN(c, v.Name), Name: v.Name, Description: v.Description, KmsKeyIdentifier: v.KMSKey, DeadLetterConfig: v.DeadLetter,
	}, nil
}

// DeleteEventBus removes a bus that a client made.
func (s *Service) DeleteEventBus(ctx context.Context, c service.Caller, r *EventBusRequest) (*service.Empty, error) {
	if r.Name == "" {
		return nil, invalidName("name", "")
	}
	return &service.Empty{}, s.state.Retry(ctx, func() error {
		b, err := s.known(ctx, c, r.Name)
		switch {
		case err != nil:
			return err
		case b.Value.Name == event.DefaultBus:
			return service.Errorf("ValidationException", "Cannot delete event bus default.")
		case s.given(b.Value.Name):
			return service.Errorf("ValidationException", "Event bus %s is in a rule file; remove it there.", b.Value.Name)
		case s.hasRules(b.Value.Name):
			return service.Errorf("ValidationException", "Event bus can't be deleted since it has rules.")
		}
		swaps := []swap{s.state.Drop(b.Key, b.Version)}
		if strings.HasPrefix(b.Value.Name, partnerPrefix) {
			swaps, err = s.pendingAgain(ctx, b.Value.Name, swaps)
			if err != nil {
				return err
			}
		}
		return s.state.Apply(ctx, swaps...)
	})
}

// ListEventBuses lists all buses, sorted by name.
func (s *Service) ListEventBuses(ctx context.Context, c service.Caller, r *ListRequest) (*ListEventBusesResponse, error) {
	all := map[string]bus{event.DefaultBus: {Name: event.DefaultBus}}
	for _, name := range s.c.Rules().Buses {
		all[name] = bus{Name: name}
	}
	stored, err := service.List[bus](ctx, s.state, busKey(""), "", maxBuses)
	if err != nil {
		return nil, err
	}
	for _, b := range stored {
		all[b.Value.Name] = b.Value
	}
	names, next, err := page(all, r)
	if err != nil {
		return nil, err
	}
	response := &ListEventBusesResponse{EventBuses: []EventBus{}, NextToken: next}
	for _, name := range names {
		response.EventBuses = append(response.EventBuses, all[name].view(c))
	}
	return response, nil
}

// page chooses the names of one page, and the token of the next one.
func page[T any](all map[string]T, r *ListRequest) (names []string, next string, err error) {
	after, errToken := base64.RawURLEncoding.DecodeString(r.NextToken)
	if errToken != nil {
		return nil, "", service.Errorf("ValidationException", "NextToken is not one that this service gave out.")
	}
	limit := cmp.Or(r.Limit, 100)
	if limit < 1 || limit > 100 {
		return nil, "", service.Errorf("ValidationException", "1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and 100", limit)
	}
	for name := range all {
		if strings.HasPrefix(name, r.NamePrefix) && name > string(after) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if len(names) > limit {
		names = names[:limit]
		next = base64.RawURLEncoding.EncodeToString([]byte(names[limit-1]))
	}
	return names, next, nil
}

func invalidName(member, value string) error {
	return service.Errorf("ValidationException", "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must have 1 to 256 characters and satisfy regular expression pattern: [/\\.\\-_A-Za-z0-9]+", value, member)
}
