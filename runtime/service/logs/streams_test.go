package logs_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/logs"
)

// names are the streams of all pages of a request, in their order.
func (w *world) names(r logs.DescribeLogStreamsRequest) string {
	w.t.Helper()
	r.LogGroupName = "g"
	var all []string
	for {
		page := call(w, w.DescribeLogStreams, r, "")
		for _, s := range page.LogStreams {
			all = append(all, s.LogStreamName)
		}
		if r.NextToken = page.NextToken; r.NextToken == "" {
			return strings.Join(all, " ")
		}
	}
}

func TestStreams(t *testing.T) {
	w := newWorld(t)
	w.group("g")
	for _, name := range []string{"a", "b", "c/1", "c/2"} {
		w.stream("g", name)
	}
	call(w, w.CreateLogStream, logs.LogStreamRequest{LogGroupName: "g", LogStreamName: "a"}, "ResourceAlreadyExistsException: The specified log stream already exists")
	call(w, w.CreateLogStream, logs.LogStreamRequest{LogGroupName: "nope", LogStreamName: "a"}, "ResourceNotFoundException: The specified log group does not exist.")
	call(w, w.CreateLogStream, logs.LogStreamRequest{LogGroupName: "g", LogStreamName: "a:b"},
		"InvalidParameterException: 1 validation error detected: Value 'a:b' at 'logStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]*")
	for i, name := range []string{"b", "c/2", "a"} {
		request := w.put(time.Duration(i) * time.Minute)
		request.LogStreamName = name
		call(w, w.PutLogEvents, request, "")
	}
	for _, tc := range []struct {
		request logs.DescribeLogStreamsRequest
		want    string
	}{
		{logs.DescribeLogStreamsRequest{}, "a b c/1 c/2"},
		{logs.DescribeLogStreamsRequest{Limit: new(1)}, "a b c/1 c/2"},
		{logs.DescribeLogStreamsRequest{Limit: new(3), Descending: true}, "c/2 c/1 b a"},
		{logs.DescribeLogStreamsRequest{OrderBy: "LastEventTime", Limit: new(2)}, "c/1 b c/2 a"},
		{logs.DescribeLogStreamsRequest{OrderBy: "LastEventTime", Limit: new(1), Descending: true}, "a c/2 b c/1"},
		{logs.DescribeLogStreamsRequest{LogStreamNamePrefix: "c/"}, "c/1 c/2"},
	} {
		if got := w.names(tc.request); got != tc.want {
			t.Errorf("%+v: %s, want %s", tc.request, got, tc.want)
		}
	}
	call(w, w.DeleteLogStream, logs.LogStreamRequest{LogGroupName: "g", LogStreamName: "b"}, "")
	call(w, w.DeleteLogStream, logs.LogStreamRequest{LogGroupName: "g", LogStreamName: "b"}, "ResourceNotFoundException: The specified log stream does not exist.")
	call(w, w.DeleteLogGroup, logs.LogGroupRequest{LogGroupName: "g"}, "")
	w.group("g")
	if got := w.names(logs.DescribeLogStreamsRequest{}); got != "" {
		t.Errorf("the group made anew has the streams %s of the old one", got)
	}
}

func TestDescribeLogStreamsErrors(t *testing.T) {
	w := newWorld(t)
	w.group("g")
	for want, request := range map[string]logs.DescribeLogStreamsRequest{
		"ValidationException: LogGroup name and LogGroup ARN are mutually exclusive parameters.":                                                                                          {LogGroupName: "g", LogGroupIdentifier: "g"},
		"InvalidParameterException: Either LogGroup name or LogGroup ARN is required.":                                                                                                    {},
		"InvalidParameterException: Cannot order by LastEventTime with a logStreamNamePrefix.":                                                                                            {LogGroupName: "g", OrderBy: "LastEventTime", LogStreamNamePrefix: "a"},
		"ResourceNotFoundException: The specified log group does not exist.":                                                                                                              {LogGroupName: "nope"},
		"InvalidParameterException: The specified nextToken is invalid.":                                                                                                                  {LogGroupName: "g", NextToken: "eA"},
		"InvalidParameterException: 1 validation error detected: Value 'x' at 'orderBy' failed to satisfy constraint: Member must satisfy enum value set: [LogStreamName, LastEventTime]": {LogGroupName: "g", OrderBy: "x"},
	} {
		call(w, w.DescribeLogStreams, request, want)
	}
}

// TestPosition: what a stream has got is shown at once, and written at most once a
// minute; a restart forgets no more than that.
func TestPosition(t *testing.T) {
	w := newWorld(t)
	w.group("g")
	w.stream("g", "s")
	arn := "arn:aws:logs:us-east-1:123456789012:log-group:g"
	see := func() logs.LogStream {
		page := call(w, w.DescribeLogStreams, logs.DescribeLogStreamsRequest{LogGroupIdentifier: arn}, "")
		if len(page.LogStreams) != 1 {
			t.Fatalf("streams %+v", page)
		}
		return page.LogStreams[0]
	}
	created := w.now.UnixMilli()
	if diff := cmp.Diff(logs.LogStream{LogStreamName: "s", CreationTime: created, Arn: arn + ":log-stream:s"}, see()); diff != "" {
		t.Errorf("a new stream (-want +got):\n%s", diff)
	}
	last := func(want time.Time) {
		t.Helper()
		if s := see(); *s.LastEventTimestamp != want.UnixMilli() || *s.FirstEventTimestamp != created {
			t.Errorf("from %d to %d, want from %d to %d", *s.FirstEventTimestamp, *s.LastEventTimestamp, created, want.UnixMilli())
		}
	}
	call(w, w.PutLogEvents, w.put(0), "")
	last(w.now)
	first := w.now
	w.now = w.now.Add(59 * time.Second)
	call(w, w.PutLogEvents, w.put(0), "")
	last(w.now)
	w.restart()
	last(first)
	w.now = w.now.Add(time.Second)
	call(w, w.PutLogEvents, w.put(0), "")
	w.restart()
	last(w.now)
}

func TestPutLogEvents_hammer(t *testing.T) {
	w := newWorld(t)
	w.group("g")
	const streams, calls = 4, 50
	engine := &lockedCollector{}
	s := logs.New(logs.Config{Store: w.store, Engine: engine, Now: func() time.Time { return w.now }})
	var all sync.WaitGroup
	for i := range streams * 2 { // two writers a stream
		name := fmt.Sprint("s", i%streams)
		all.Go(func() {
			_, _ = s.CreateLogStream(t.Context(), caller, &logs.LogStreamRequest{LogGroupName: "g", LogStreamName: name})
			for range calls {
				r := w.put(0)
				r.LogStreamName = name
				if _, err := s.PutLogEvents(t.Context(), caller, &r); err != nil {
					t.Error(err)
				}
				if _, err := s.DescribeLogStreams(t.Context(), caller, &logs.DescribeLogStreamsRequest{LogGroupName: "g"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if engine.n.Load() != streams*2*calls {
		t.Errorf("the engine got %d events, want %d", engine.n.Load(), streams*2*calls)
	}
}

// lockedCollector counts what it gets, from many senders.
type lockedCollector struct{ n atomic.Int64 }

func (e *lockedCollector) Put(_ context.Context, submissions []service.Submission) ([]service.Receipt, error) {
	e.n.Add(int64(len(submissions)))
	return make([]service.Receipt, len(submissions)), nil
}
