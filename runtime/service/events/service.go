package events

import (
	"sync/atomic"
	"time"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/archive"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// Name is the service's signing name.
const Name = "events"

// Config is what the service needs.
type Config struct {
	// Store keeps buses and partner sources. Required.
	Store store.State
	// Engine takes the events. Required.
	Engine service.Putter
	// Archives keep events and replay them. Required.
	Archives *archive.Archives
	// Now is the clock. Required.
	Now func() time.Time
	// Rules returns the loaded rule set, never nil. Default: an empty one.
	Rules func() *rulefile.Set
}

// Service answers EventBridge's clients.
type Service struct {
	c          Config
	state      service.State
	unknownBus atomic.Uint64
}

// New makes the service.
func New(c Config) *Service {
	if c.Rules == nil {
		empty := new(rulefile.Set)
		c.Rules = func() *rulefile.Set { return empty }
	}
	return &Service{c: c, state: service.NewState(c.Store, Name, c.Now)}
}

// Stats counts what clients are not told.
type Stats struct {
	// UnknownBus are events that were accepted for a bus that does not exist.
	UnknownBus uint64 `json:"events_to_unknown_bus"`
}

// Stats returns the counts of now.
func (s *Service) Stats() Stats { return Stats{UnknownBus: s.unknownBus.Load()} }

// Operations are what clients may call.
func (s *Service) Operations() []service.Operation {
	return []service.Operation{
		service.Op(Name, "PutEvents", s.PutEvents),
		service.Op(Name, "PutPartnerEvents", s.PutPartnerEvents),
		service.Op(Name, "CreateEventBus", s.CreateEventBus),
		service.Op(Name, "DescribeEventBus", s.DescribeEventBus),
		service.Op(Name, "ListEventBuses", s.ListEventBuses),
		service.Op(Name, "UpdateEventBus", s.UpdateEventBus),
		service.Op(Name, "DeleteEventBus", s.DeleteEventBus),
		service.Op(Name, "TestEventPattern", s.TestEventPattern),
		service.Op(Name, "ListRules", s.ListRules),
		service.Op(Name, "DescribeRule", s.DescribeRule),
		service.Op(Name, "ListTargetsByRule", s.ListTargetsByRule),
		service.Op(Name, "CreateArchive", s.CreateArchive),
		service.Op(Name, "DescribeArchive", s.DescribeArchive),
		service.Op(Name, "ListArchives", s.ListArchives),
		service.Op(Name, "UpdateArchive", s.UpdateArchive),
		service.Op(Name, "DeleteArchive", s.DeleteArchive),
		service.Op(Name, "StartReplay", s.StartReplay),
		service.Op(Name, "DescribeReplay", s.DescribeReplay),
		service.Op(Name, "ListReplays", s.ListReplays),
		service.Op(Name, "CancelReplay", s.CancelReplay),
		service.Op(Name, "CreatePartnerEventSource", s.CreatePartnerEventSource),
		service.Op(Name, "DescribePartnerEventSource", s.DescribePartnerEventSource),
		service.Op(Name, "ListPartnerEventSources", s.ListPartnerEventSources),
		service.Op(Name, "ListPartnerEventSourceAccounts", s.ListPartnerEventSourceAccounts),
		service.Op(Name, "DeletePartnerEventSource", s.DeletePartnerEventSource),
		service.Op(Name, "DescribeEventSource", s.DescribeEventSource),
		service.Op(Name, "ListEventSources", s.ListEventSources),
		service.Op(Name, "ActivateEventSource", s.ActivateEventSource),
		service.Op(Name, "DeactivateEventSource", s.DeactivateEventSource),
	}
}
