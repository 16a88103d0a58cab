package awsapi

import "sync/atomic"

// Stats counts requests since the start. A request that was not answered as it hoped
// is in exactly one of the counts after Requests.
type Stats struct {
	Requests uint64 `json:"requests"`
	// Refused had no valid signature.
	Refused uint64 `json:"refused"`
	// Malformed could not be read: no JSON, a wrong type, too large.
	Malformed uint64 `json:"malformed"`
	// Unknown named an operation that is not here.
	Unknown uint64 `json:"unknown_operation"`
	// Throttled found no room, or came too fast.
	Throttled uint64 `json:"throttled"`
	// Failed got the operation's own error; Internal was our fault and is logged.
	Failed   uint64 `json:"failed"`
	Internal uint64 `json:"internal"`
}

type counters struct {
	requests, refused, malformed, unknown, throttled, failed, internal atomic.Uint64
}

// Stats returns the counts of now.
func (h *Handler) Stats() Stats {
	s := &h.stats
	return Stats{
		Requests: s.requests.Load(), Refused: s.refused.Load(), Malformed: s.malformed.Load(), Unknown: s.unknown.Load(),
		Throttled: s.throttled.Load(), Failed: s.failed.Load(), Internal: s.internal.Load(),
	}
}
