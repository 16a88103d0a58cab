package xray

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/service"
)

// Name is the service's signing name.
const Name = "xray"

// maxBody is the cap of PutTraceSegments: 50 documents of 64 KiB, as a daemon sends at
// most, whose quotes are escaped.
const maxBody = 8 << 20

// Config is what the service needs.
type Config struct {
	// Engine takes the events. Required.
	Engine service.Putter
	// Now is the clock. Required.
	Now func() time.Time
	// Rules are the sampling rules beside the default one; see ParseRules.
	Rules []SamplingRule
	// Modified is when they were last changed. Default: when the service is made.
	Modified time.Time
}

// Service answers X-Ray's clients.
type Service struct {
	c      Config
	rules  []SamplingRule // by priority, the default rule last
	leases leases

	segments, refused               atomic.Uint64
	matched, sampled, borrowed      atomic.Uint64
	spilled, daemonRejected, unsent atomic.Uint64
}

// New makes the service.
func New(c Config) *Service {
	if c.Modified.IsZero() {
		c.Modified = c.Now()
	}
	return &Service{c: c, rules: withDefault(c.Rules), leases: leases{of: map[string]map[string]lease{}}}
}

// Stats counts what clients sent.
type Stats struct {
	// Segments became events, Refused did not.
	Segments uint64 `json:"segments"`
	Refused  uint64 `json:"segments_refused"`
	// Matched are requests of which SDKs say that they asked a sampling rule, Sampled
	// those of them that are traced, Borrowed those that are without a quota.
	Matched  uint64 `json:"requests_matched"`
	Sampled  uint64 `json:"requests_sampled"`
	Borrowed uint64 `json:"requests_borrowed"`
	// Spilled and DaemonRejected are segments that daemons say they lost, Unsent calls
	// of theirs that came to nothing.
	Spilled        uint64 `json:"daemon_segments_spilled"`
	DaemonRejected uint64 `json:"daemon_segments_rejected"`
	Unsent         uint64 `json:"daemon_calls_failed"`
}

// Stats returns the counts of now.
func (s *Service) Stats() Stats {
	return Stats{
		Segments: s.segments.Load(), Refused: s.refused.Load(),
		Matched: s.matched.Load(), Sampled: s.sampled.Load(), Borrowed: s.borrowed.Load(),
		Spilled: s.spilled.Load(), DaemonRejected: s.daemonRejected.Load(), Unsent: s.unsent.Load(),
	}
}

// Operations are what clients may call.
func (s *Service) Operations() []service.Operation {
	put := service.Op(Name, "PutTraceSegments", s.PutTraceSegments)
	put.Path, put.MaxBody = "POST /TraceSegments", maxBody
	telemetry := service.Op(Name, "PutTelemetryRecords", s.PutTelemetryRecords)
	telemetry.Path = "POST /TelemetryRecords"
	return append(s.Sampling(), put, telemetry)
}

// Sampling are the operations that a daemon answers for SDKs, who do not sign them.
func (s *Service) Sampling() []service.Operation {
	rules := service.Op(Name, "GetSamplingRules", s.GetSamplingRules)
	rules.Path = "POST /GetSamplingRules"
	targets := service.Op(Name, "GetSamplingTargets", s.GetSamplingTargets)
	targets.Path = "POST /SamplingTargets"
	return []service.Operation{rules, targets}
}

func invalid(format string, args ...any) *service.Error {
	return service.Errorf("InvalidRequestException", format, args...)
}

// PutTelemetryRecords counts what daemons lost.
func (s *Service) PutTelemetryRecords(_ context.Context, _ service.Caller, r *PutTelemetryRecordsRequest) (*service.Empty, error) {
	if r.TelemetryRecords == nil {
		return nil, invalid("TelemetryRecords is required.")
	}
	for _, t := range r.TelemetryRecords {
		add(&s.spilled, t.SegmentsSpilloverCount)
		add(&s.daemonRejected, t.SegmentsRejectedCount)
		add(&s.unsent, t.BackendConnectionErrors.sum())
	}
	return &service.Empty{}, nil
}

// add counts n, unless a client sent less than nothing.
func add(counter *atomic.Uint64, n int64) { counter.Add(uint64(max(n, 0))) }
