package logs

import (
	"context"
	"errors"
	"time"

	ingest "github.com/tocsin-engine/tocsin/ingest/logs"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// PutLogEvents puts an event for each log event. Those whose time cannot be taken do not
// stop the others.
func (s *Service) PutLogEvents(ctx context.Context, c service.Caller, r *PutLogEventsRequest) (*PutLogEventsResponse, error) {
	now := s.c.Now()
	if err := named(r.LogGroupName, &r.LogStreamName); err != nil {
		return nil, err
	}
	records, err := r.records(now)
	if err != nil {
		return nil, err
	}
	g, st, err := s.openStream(ctx, r.LogGroupName, r.LogStreamName)
	if err != nil {
		return nil, err
	}
	accepted, rejected := ingest.Window(records, now, g.Value.retention())
	s.rejected.Add(uint64(len(records) - len(accepted)))
	if len(accepted) > 0 {
		b := batch{s: s, c: c, now: now, first: max(0, rejected.TooOldEnd, rejected.ExpiredEnd)}
		if err := b.put(ctx, accepted); err != nil {
			return nil, err
		}
		if err := s.moveOn(ctx, st, accepted, now); err != nil {
			return nil, err
		}
	}
	return &PutLogEventsResponse{NextSequenceToken: sequenceToken(now.UnixMilli()), RejectedLogEventsInfo: info(rejected)}, nil
}

// records are the log events of a request that is sound as a whole.
func (r *PutLogEventsRequest) records(now time.Time) ([]ingest.Record, error) {
	records := make([]ingest.Record, len(r.LogEvents))
	for i, e := range r.LogEvents {
		switch {
		case e.Timestamp == nil:
			return nil, isNull(i, "timestamp")
		case e.Message == nil:
			return nil, isNull(i, "message")
		}
		records[i] = ingest.Record{
			Group: r.LogGroupName, Stream: r.LogStreamName, Time: time.UnixMilli(*e.Timestamp), Ingested: now, Message: *e.Message,
		}
	}
	if err := ingest.CheckBatch(records); err != nil {
		return nil, invalid("%v", err)
	}
	return records, nil
}

func isNull(i int, member string) error {
	return invalid("1 validation error detected: Value null at 'logEvents.%d.member.%s' failed to satisfy constraint: Member must not be null", i+1, member)
}

// moveOn notes what a stream has got. Of two writers at once one may lose: what it knows
// is still in positions and goes with the next write.
func (s *Service) moveOn(ctx context.Context, st service.Stored[stream], records []ingest.Record, now time.Time) error {
	more := position{First: records[0].Time.UnixMilli(), Last: records[len(records)-1].Time.UnixMilli(), Ingested: now.UnixMilli()}
	at, due := s.positions.add(st.Key, st.Value.Position, more)
	if !due {
		return nil
	}
	st.Value.Position = at
	err := s.state.Apply(ctx, s.state.Put(st.Key, st.Value, st.Version, time.Time{}))
	if errors.Is(err, store.ErrConflict) {
		return nil
	}
	return err
}

// info says which log events were rejected, nil for none.
func info(r ingest.Rejected) *RejectedLogEventsInfo {
	if !r.Any() {
		return nil
	}
	index := func(i int) *int {
		if i < 0 {
			return nil
		}
		return &i
	}
	return &RejectedLogEventsInfo{
		TooNewLogEventStartIndex: index(r.TooNewStart), TooOldLogEventEndIndex: index(r.TooOldEnd), ExpiredLogEventEndIndex: index(r.ExpiredEnd),
	}
}
