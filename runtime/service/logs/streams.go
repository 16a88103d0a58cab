package logs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/service"
)

// stream is a stored log stream.
type stream struct {
	Name string
	// Created counts milliseconds since 1970.
	Created  int64
	Position position
}

// streamKey is where a stream of the group is kept, or "" for the prefix of them all.
func (g group) streamKey(name string) string { return "stream/" + g.ID + "/" + name }

func (st stream) view(c service.Caller, g group) LogStream {
	v := LogStream{LogStreamName: st.Name, CreationTime: st.Created, Arn: groupARN(c, g.Name) + ":log-stream:" + st.Name}
	if p := st.Position; p.Ingested != 0 {
		v.FirstEventTimestamp, v.LastEventTimestamp, v.LastIngestionTime = &p.First, &p.Last, &p.Ingested
		v.UploadSequenceToken = sequenceToken(p.Ingested)
	}
	return v
}

// sequenceToken looks like one of AWS's; nobody checks it.
func sequenceToken(millis int64) string { return fmt.Sprintf("49%054d", millis) }

// CreateLogStream makes a stream in a group.
func (s *Service) CreateLogStream(ctx context.Context, _ service.Caller, r *LogStreamRequest) (*service.Empty, error) {
	if err := named(r.LogGroupName, &r.LogStreamName); err != nil {
		return nil, err
	}
	return &service.Empty{}, s.state.Retry(ctx, func() error {
		_, st, err := s.openStream(ctx, r.LogGroupName, r.LogStreamName)
		switch {
		case err == nil:
			return errStreamThere
		case !errors.Is(err, errNoStream):
			return err
		}
		made := stream{Name: r.LogStreamName, Created: s.c.Now().UnixMilli()}
		return s.state.Apply(ctx, s.state.Put(st.Key, made, 0, time.Time{}))
	})
}

// DeleteLogStream removes a stream.
func (s *Service) DeleteLogStream(ctx context.Context, _ service.Caller, r *LogStreamRequest) (*service.Empty, error) {
	return &service.Empty{}, s.state.Retry(ctx, func() error {
		_, st, err := s.openStream(ctx, r.LogGroupName, r.LogStreamName)
		if err != nil {
			return err
		}
		s.positions.forget(st.Key)
		return s.state.Apply(ctx, s.state.Drop(st.Key, st.Version))
	})
}

// The orders of DescribeLogStreams.
const (
	byName = "LogStreamName"
	byTime = "LastEventTime"
)

// DescribeLogStreams lists the streams of a group.
func (s *Service) DescribeLogStreams(ctx context.Context, c service.Caller, r *DescribeLogStreamsRequest) (*DescribeLogStreamsResponse, error) {
	limit, after, err := page(r.Limit, r.NextToken)
	if err != nil {
		return nil, err
	}
	name, err := r.group(c)
	if err != nil {
		return nil, err
	}
	g, err := s.openGroup(ctx, name)
	if err != nil {
		return nil, err
	}
	var all []stream
	err = service.All(ctx, s.state, g.Value.streamKey(r.LogStreamNamePrefix), 1000, func(st service.Stored[stream]) bool {
		st.Value.Position = st.Value.Position.with(s.positions.get(st.Key))
		all = append(all, st.Value)
		return true
	})
	if err != nil {
		return nil, err
	}
	order := r.order()
	slices.SortFunc(all, order)
	if after != "" {
		last, ok := placeOf(after)
		if !ok {
			return nil, errToken
		}
		all = slices.DeleteFunc(all, func(st stream) bool { return order(st, last) <= 0 })
	}
	response := &DescribeLogStreamsResponse{LogStreams: []LogStream{}}
	if len(all) > limit {
		all = all[:limit]
		response.NextToken = token(all[limit-1].place())
	}
	for _, st := range all {
		response.LogStreams = append(response.LogStreams, st.view(c, g.Value))
	}
	return response, nil
}

// group is the name of the group that a request is about.
func (r *DescribeLogStreamsRequest) group(c service.Caller) (string, error) {
	switch {
	case r.LogGroupName != "" && r.LogGroupIdentifier != "":
		return "", service.Errorf("ValidationException", "LogGroup name and LogGroup ARN are mutually exclusive parameters.")
	case r.LogGroupName == "" && r.LogGroupIdentifier == "":
		return "", invalid("Either LogGroup name or LogGroup ARN is required.")
	case r.OrderBy != "" && r.OrderBy != byName && r.OrderBy != byTime:
		return "", notOneOf("orderBy", r.OrderBy, []string{byName, byTime})
	case r.OrderBy == byTime && r.LogStreamNamePrefix != "":
		return "", invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	return groupOf(c, cmp.Or(r.LogGroupName, r.LogGroupIdentifier))
}

// order compares streams as the request wants them sorted.
func (r *DescribeLogStreamsRequest) order() func(a, b stream) int {
	return func(a, b stream) int {
		n := cmp.Compare(a.Name, b.Name)
		if r.OrderBy == byTime {
			n = cmp.Or(cmp.Compare(a.Position.Last, b.Position.Last), n)
		}
		if r.Descending {
			return -n
		}
		return n
	}
}

// place is what the orders look at, as text; placeOf reads it back.
func (st stream) place() string { return strconv.FormatInt(st.Position.Last, 10) + " " + st.Name }

func placeOf(text string) (stream, bool) {
	last, name, ok := strings.Cut(text, " ")
	millis, err := strconv.ParseInt(last, 10, 64)
	return stream{Name: name, Position: position{Last: millis}}, ok && err == nil
}
