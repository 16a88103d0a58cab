package logs_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/logs"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// collector is an engine that takes everything, or nothing while it fails.
type collector struct {
	got  []service.Submission
	fail error
}

func (e *collector) Put(_ context.Context, submissions []service.Submission) ([]service.Receipt, error) {
	if e.fail != nil {
		return nil, e.fail
	}
	e.got = append(e.got, submissions...)
	return make([]service.Receipt, len(submissions)), nil
}

// messages are the messages of the log events that the engine has.
func (e *collector) messages() (all []string) {
	for _, s := range e.got {
		text, _ := event.Value(s.Event.Detail()).Get("message").Text()
		all = append(all, text)
	}
	return all
}

// world is a service with its parts; its clock stands still.
type world struct {
	*logs.Service
	t      *testing.T
	store  store.Store
	engine *collector
	now    time.Time
}

var caller = service.Caller{Account: "123456789012", Region: "us-east-1", AccessKey: "AK", InvocationID: "call-1"}

func newWorld(t *testing.T) *world {
	w := &world{t: t, store: memory.New(memory.Config{}), engine: &collector{}, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	w.restart()
	return w
}

// restart forgets what only the process knew.
func (w *world) restart() {
	w.Service = logs.New(logs.Config{Store: w.store, Engine: w.engine, Now: func() time.Time { return w.now }})
}

// call makes a call and fails the test if its error has another text.
func call[Q, A any](w *world, do func(context.Context, service.Caller, *Q) (*A, error), request Q, want string) *A {
	w.t.Helper()
	answer, err := do(w.t.Context(), caller, &request)
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != want {
		w.t.Fatalf("%+v: %q, want %q", request, got, want)
	}
	return answer
}

func (w *world) group(name string) {
	w.t.Helper()
	call(w, w.CreateLogGroup, logs.CreateLogGroupRequest{LogGroupName: name}, "")
}

func (w *world) stream(group, name string) {
	w.t.Helper()
	call(w, w.CreateLogStream, logs.LogStreamRequest{LogGroupName: group, LogStreamName: name}, "")
}

// put is a request with a log event for each time after now, whose message is its place.
func (w *world) put(after ...time.Duration) logs.PutLogEventsRequest {
	r := logs.PutLogEventsRequest{LogGroupName: "g", LogStreamName: "s", SequenceToken: "any"}
	for i, d := range after {
		millis, message := w.now.Add(d).UnixMilli(), fmt.Sprint(i)
		r.LogEvents = append(r.LogEvents, logs.InputLogEvent{Timestamp: &millis, Message: &message})
	}
	return r
}

const day = 24 * time.Hour

func TestPutLogEvents(t *testing.T) {
	w := newWorld(t)
	w.group("g")
	w.stream("g", "s")
	answer := call(w, w.PutLogEvents, w.put(-time.Minute, 0), "")
	if answer.RejectedLogEventsInfo != nil || len(answer.NextSequenceToken) != 56 {
		t.Errorf("answer %+v", answer)
	}
	if len(w.engine.got) != 2 {
		t.Fatalf("the engine has %d events, want 2", len(w.engine.got))
	}
	const want = `{"group":"g","stream":"s","timestamp":1795348740000,"ingestion_time":1795348800000,"message":"0"}`
	first := w.engine.got[0]
	if string(first.Event.Detail()) != want || first.Event.Account != "123456789012" || first.Event.Source != "tocsin.logs" {
		t.Errorf("event %s", first.Event.Raw())
	}
	if first.Key == "" || first.Key == w.engine.got[1].Key {
		t.Errorf("the keys of a call's events are %q and %q", first.Key, w.engine.got[1].Key)
	}
}

// TestRejections: a part that is refused does not take the good part with it.
func TestRejections(t *testing.T) {
	index := func(i int) *int { return &i }
	for _, tc := range []struct {
		name      string
		retention int
		after     []time.Duration
		accepted  string
		want      *logs.RejectedLogEventsInfo
	}{
		{name: "on the edges", after: []time.Duration{-14 * day, -13 * day}, accepted: "0 1"},
		{name: "too old", after: []time.Duration{-14*day - time.Millisecond, -14 * day}, accepted: "1",
			want: &logs.RejectedLogEventsInfo{TooOldLogEventEndIndex: index(1)}},
		{name: "too new", after: []time.Duration{0, 2 * time.Hour, 2*time.Hour + time.Millisecond}, accepted: "0 1",
			want: &logs.RejectedLogEventsInfo{TooNewLogEventStartIndex: index(2)}},
		{name: "the first is too new", after: []time.Duration{3 * time.Hour}, accepted: "",
			want: &logs.RejectedLogEventsInfo{TooNewLogEventStartIndex: index(0)}},
		{name: "expired", retention: 1, after: []time.Duration{-day - time.Millisecond, -day, -time.Hour}, accepted: "1 2",
			want: &logs.RejectedLogEventsInfo{ExpiredLogEventEndIndex: index(1)}},
		{name: "kept longer", retention: 3, after: []time.Duration{-3 * day, -2 * day}, accepted: "0 1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.group("g")
			w.stream("g", "s")
			if tc.retention > 0 {
				call(w, w.PutRetentionPolicy, logs.PutRetentionPolicyRequest{LogGroupName: "g", RetentionInDays: &tc.retention}, "")
			}
			answer := call(w, w.PutLogEvents, w.put(tc.after...), "")
			if diff := cmp.Diff(tc.want, answer.RejectedLogEventsInfo); diff != "" {
				t.Errorf("rejected (-want +got):\n%s", diff)
			}
			got := w.engine.messages()
			if strings.Join(got, " ") != tc.accepted || w.Stats().Rejected != uint64(len(tc.after)-len(got)) {
				t.Errorf("taken %q, want %q; counted %+v", got, tc.accepted, w.Stats())
			}
		})
	}
}

// TestRetryAfterRejection: the key of a log event is its place in the request, so a retry
// in which one more of them has become too old names the others as before.
func TestRetryAfterRejection(t *testing.T) {
	w := newWorld(t)
	w.group("g")
	w.stream("g", "s")
	request := w.put(-14*day, -13*day-12*time.Hour)
	call(w, w.PutLogEvents, request, "")
	w.now = w.now.Add(time.Second)
	call(w, w.PutLogEvents, request, "")
	if len(w.engine.got) != 3 || w.engine.got[1].Key != w.engine.got[2].Key {
		t.Errorf("the same log event has the keys %q and %q", w.engine.got[1].Key, w.engine.got[2].Key)
	}
}

func TestPutLogEventsErrors(t *testing.T) {
	w := newWorld(t)
	w.group("g")
	w.stream("g", "s")
	invalid := "InvalidParameterException: "
	other := func(group, stream string) logs.PutLogEventsRequest {
		r := w.put(0)
		r.LogGroupName, r.LogStreamName = group, stream
		return r
	}
	null := w.put(0, 0)
	null.LogEvents[1].Message = nil
	timeless := w.put(0)
	timeless.LogEvents[0].Timestamp = nil
	for want, request := range map[string]logs.PutLogEventsRequest{
		"ResourceNotFoundException: The specified log group does not exist.":                                                                                            other("nope", "s"),
		"ResourceNotFoundException: The specified log stream does not exist.":                                                                                           other("g", "nope"),
		invalid + "Log events in a single PutLogEvents request must be in chronological order.":                                                                         w.put(0, -1*time.Millisecond),
		invalid + "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.":                                                            w.put(-day-time.Millisecond, 0),
		invalid + "Invalid LogGroup or LogStream, both must have length less than or equal to 512.":                                                                     other(strings.Repeat("g", 513), "s"),
		invalid + nulls("logEvents.2.member.message"):                                                                                                                   null,
		invalid + nulls("logEvents.1.member.timestamp"):                                                                                                                 timeless,
		invalid + "1 validation error detected: Value '[0 log events]' at 'logEvents' failed to satisfy constraint: Member must have length greater than or equal to 1": w.put(),
	} {
		call(w, w.PutLogEvents, request, want)
	}
	if len(w.engine.got) != 0 {
		t.Errorf("the engine got %d events of calls that failed", len(w.engine.got))
	}
	w.engine.fail = errors.New("full")
	call(w, w.PutLogEvents, w.put(0), "full")
}

func nulls(at string) string {
	return "1 validation error detected: Value null at '" + at + "' failed to satisfy constraint: Member must not be null"
}

func TestGroups(t *testing.T) {
	w := newWorld(t)
	call(w, w.CreateLogGroup, logs.CreateLogGroupRequest{LogGroupName: "/app/one", KmsKeyID: "arn:aws:kms:x", LogGroupClass: "INFREQUENT_ACCESS"}, "")
	for _, name := range []string{"/app/two", "b"} {
		w.group(name)
	}
	call(w, w.CreateLogGroup, logs.CreateLogGroupRequest{LogGroupName: "b"}, "ResourceAlreadyExistsException: The specified log group already exists")
	call(w, w.CreateLogGroup, logs.CreateLogGroupRequest{LogGroupName: "c", LogGroupClass: "x"},
		"InvalidParameterException: 1 validation error detected: Value 'x' at 'logGroupClass' failed to satisfy constraint: Member must satisfy enum value set: [STANDARD, INFREQUENT_ACCESS, DELIVERY]")
	w.restart() // what a group is stands in the store
	days := 30
	call(w, w.PutRetentionPolicy, logs.PutRetentionPolicyRequest{LogGroupName: "/app/one", RetentionInDays: &days}, "")

	got := call(w, w.DescribeLogGroups, logs.DescribeLogGroupsRequest{LogGroupNamePrefix: "/app/"}, "")
	arn := "arn:aws:logs:us-east-1:123456789012:log-group:/app/one"
	want := logs.LogGroup{
		LogGroupName: "/app/one", CreationTime: w.now.UnixMilli(), RetentionInDays: 30, Arn: arn + ":*", LogGroupArn: arn,
		KmsKeyID: "arn:aws:kms:x", LogGroupClass: "INFREQUENT_ACCESS",
	}
	if len(got.LogGroups) != 2 || got.NextToken != "" {
		t.Fatalf("groups %+v", got)
	}
	if diff := cmp.Diff(want, got.LogGroups[0]); diff != "" {
		t.Errorf("group (-want +got):\n%s", diff)
	}
	call(w, w.DeleteRetentionPolicy, logs.LogGroupRequest{LogGroupName: "/app/one"}, "")
	got = call(w, w.DescribeLogGroups, logs.DescribeLogGroupsRequest{LogGroupIdentifiers: []string{arn + ":*"}}, "")
	if len(got.LogGroups) != 1 || got.LogGroups[0].RetentionInDays != 0 {
		t.Errorf("after DeleteRetentionPolicy: %+v", got)
	}
	call(w, w.DeleteLogGroup, logs.LogGroupRequest{LogGroupName: "b"}, "")
	call(w, w.DeleteLogGroup, logs.LogGroupRequest{LogGroupName: "b"}, "ResourceNotFoundException: The specified log group does not exist.")
	call(w, w.CreateLogGroup, logs.CreateLogGroupRequest{LogGroupName: "safe", DeletionProtectionEnabled: true}, "")
	call(w, w.DeleteLogGroup, logs.LogGroupRequest{LogGroupName: "safe"},
		"ValidationException: The log group is protected against deletion; disable its deletion protection first.")
}

func TestRetentions(t *testing.T) {
	w := newWorld(t)
	w.group("g")
	for days, ok := range map[int]bool{1: true, 2: false, 30: true, 3653: true, 3654: false, 0: false} {
		_, err := w.PutRetentionPolicy(t.Context(), caller, &logs.PutRetentionPolicyRequest{LogGroupName: "g", RetentionInDays: &days})
		if (err == nil) != ok {
			t.Errorf("%d days: %v", days, err)
		}
	}
	call(w, w.PutRetentionPolicy, logs.PutRetentionPolicyRequest{LogGroupName: "g"}, "InvalidParameterException: "+nulls("retentionInDays"))
}

// TestGroupPages: all groups come, each once, whatever a page holds.
func TestGroupPages(t *testing.T) {
	w := newWorld(t)
	for i := range 120 {
		w.group(fmt.Sprintf("g-%03d", i))
	}
	for _, tc := range []struct {
		request logs.DescribeLogGroupsRequest
		pages   int
		groups  int
	}{
		{logs.DescribeLogGroupsRequest{}, 3, 120},
		{logs.DescribeLogGroupsRequest{Limit: new(7)}, 18, 120},
		{logs.DescribeLogGroupsRequest{Limit: new(10), LogGroupNamePrefix: "g-00"}, 1, 10},
		{logs.DescribeLogGroupsRequest{Limit: new(4), LogGroupNamePattern: "7"}, 6, 21},
		{logs.DescribeLogGroupsRequest{LogGroupClass: "DELIVERY"}, 1, 0},
	} {
		seen, pages := map[string]bool{}, 0
		for request := tc.request; ; {
			page := call(w, w.DescribeLogGroups, request, "")
			pages++
			for _, g := range page.LogGroups {
				seen[g.LogGroupName] = true
			}
			if request.NextToken = page.NextToken; request.NextToken == "" {
				break
			}
		}
		if len(seen) != tc.groups || pages != tc.pages {
			t.Errorf("%+v: %d groups on %d pages, want %d on %d", tc.request, len(seen), pages, tc.groups, tc.pages)
		}
	}
	for want, request := range map[string]logs.DescribeLogGroupsRequest{
		"LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.":                                                 {LogGroupNamePrefix: "a", LogGroupNamePattern: "b"},
		"The specified nextToken is invalid.":                                                                                               {NextToken: "!"},
		"1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1": {Limit: new(0)},
		"1 validation error detected: Value '51' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 50":  {Limit: new(51)},
		"LogGroup identifiers and LogGroup name prefix or pattern are mutually exclusive parameters.":                                       {LogGroupIdentifiers: []string{"a"}, LogGroupNamePrefix: "b"},
	} {
		call(w, w.DescribeLogGroups, request, "InvalidParameterException: "+want)
	}
}

func TestTags(t *testing.T) {
	w := newWorld(t)
	call(w, w.CreateLogGroup, logs.CreateLogGroupRequest{LogGroupName: "g", Tags: map[string]string{"env": "test"}}, "")
	arn := "arn:aws:logs:us-east-1:123456789012:log-group:g"
	call(w, w.TagLogGroup, logs.TagLogGroupRequest{LogGroupName: "g", Tags: map[string]string{"a": "1"}}, "")
	call(w, w.TagResource, logs.TagResourceRequest{ResourceArn: arn, Tags: map[string]string{"b": "2", "c": "3"}}, "")
	call(w, w.UntagResource, logs.UntagResourceRequest{ResourceArn: arn, TagKeys: []string{"b"}}, "")
	call(w, w.UntagLogGroup, logs.UntagLogGroupRequest{LogGroupName: "g", Tags: []string{"env"}}, "")
	want := map[string]string{"a": "1", "c": "3"}
	if diff := cmp.Diff(want, call(w, w.ListTagsLogGroup, logs.LogGroupRequest{LogGroupName: "g"}, "").Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, call(w, w.ListTagsForResource, logs.ListTagsForResourceRequest{ResourceArn: arn}, "").Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	const other = "arn:aws:logs:eu-west-1:123456789012:log-group:g"
	call(w, w.ListTagsForResource, logs.ListTagsForResourceRequest{ResourceArn: other}, "ResourceNotFoundException: The specified log group does not exist.")
	many := map[string]string{}
	for i := range 49 {
		many[fmt.Sprint("tag-", i)] = ""
	}
	call(w, w.TagLogGroup, logs.TagLogGroupRequest{LogGroupName: "g", Tags: many}, "TooManyTagsException: A log group has at most 50 tags.")
	call(w, w.TagLogGroup, logs.TagLogGroupRequest{LogGroupName: "g", Tags: map[string]string{"AWS:x": ""}},
		`InvalidParameterException: The tag key "AWS:x" is not allowed: 1 to 128 characters that do not begin with aws:.`)
}
