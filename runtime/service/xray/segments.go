package xray

import (
	"context"

	"github.com/tocsin-engine/tocsin/ingest/traces"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// PutTraceSegments puts an event for each segment. One that is refused does not stop the
// others.
func (s *Service) PutTraceSegments(ctx context.Context, c service.Caller, r *PutTraceSegmentsRequest) (*PutTraceSegmentsResponse, error) {
	if r.TraceSegmentDocuments == nil {
		return nil, invalid("TraceSegmentDocuments is required.")
	}
	documents := make([][]byte, len(r.TraceSegmentDocuments))
	for i, text := range r.TraceSegmentDocuments {
		documents[i] = []byte(text)
	}
	refused, err := s.Put(ctx, c, documents...)
	if err != nil {
		return nil, err
	}
	response := &PutTraceSegmentsResponse{UnprocessedTraceSegments: []UnprocessedTraceSegment{}}
	for _, e := range refused {
		response.UnprocessedTraceSegments = append(response.UnprocessedTraceSegments,
			UnprocessedTraceSegment{ID: e.ID, ErrorCode: e.Code, Message: e.Message})
	}
	return response, nil
}

// Put puts the segments of documents, and says which were refused. An error means that
// none was taken.
func (s *Service) Put(ctx context.Context, c service.Caller, documents ...[]byte) (refused []*traces.Error, err error) {
	var submissions []service.Submission
	for _, document := range documents {
		segments, wrong := traces.ParseAll(document)
		refused = append(refused, wrong...)
		for _, segment := range segments {
			ev, err := segment.Event(event.Fields{ID: service.NewID(), Account: c.Account, Region: c.Region})
			if err != nil {
				refused = append(refused, &traces.Error{ID: segment.ID, Code: "ParseError", Message: "Invalid segment. ErrorCode: ParseError, Cause: " + err.Error()})
				continue
			}
			submissions = append(submissions, service.Submission{Event: ev, Key: c.Key("put-segment", len(submissions))})
		}
	}
	if len(submissions) > 0 {
		if _, err := s.c.Engine.Put(ctx, submissions); err != nil {
			return nil, err
		}
	}
	s.segments.Add(uint64(len(submissions)))
	s.refused.Add(uint64(len(refused)))
	return refused, nil
}
