package xray_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/xray"
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

// world is a service with its parts.
type world struct {
	*xray.Service
	t      *testing.T
	engine *collector
	now    time.Time
}

var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func newWorld(t *testing.T, rules ...xray.SamplingRule) *world {
	w := &world{t: t, engine: &collector{}, now: start}
	w.Service = xray.New(xray.Config{Engine: w.engine, Now: func() time.Time { return w.now }, Rules: rules})
	return w
}

var caller = service.Caller{Account: "123456789012", Region: "us-east-1", AccessKey: "AK", InvocationID: "call-1"}

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

const sound = `{"id":"70de5b6f19ff9a0a","name":"shop","start_time":1.478293361271E9,"end_time":1.478293361449E9,"trace_id":"1-581cf771-a006649127e371903a2de979"}`

func TestPutTraceSegments(t *testing.T) {
	w := newWorld(t)
	answer := call(w, w.PutTraceSegments, xray.PutTraceSegmentsRequest{TraceSegmentDocuments: []string{
		sound, `{}`, "[" + sound + "," + sound + "]", strings.Replace(sound, "1-581cf771", "581cf771", 1), `{"deep":` + strings.Repeat(`[`, 99) + strings.Repeat(`]`, 99) + `,` + sound[1:],
	}}, "")
	want := []xray.UnprocessedTraceSegment{
		{ErrorCode: "MissingId", Message: "Invalid segment. ErrorCode: MissingId, Cause: give id: 16 hexadecimal digits"},
		{ID: "70de5b6f19ff9a0a", ErrorCode: "InvalidTraceId",
			Message: "Invalid segment. ErrorCode: InvalidTraceId, Cause: write trace_id as 1-5759e988-bd862e3fe1be46a994272793, or 32 hexadecimal digits"},
		{ID: "70de5b6f19ff9a0a", ErrorCode: "ParseError"},
	}
	got := answer.UnprocessedTraceSegments
	if n := len(got); n == 3 && strings.Contains(got[2].Message, "nested more than 100 deep") {
		got[2].Message = ""
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unprocessed (-want +got):\n%s", diff)
	}
	if len(w.engine.got) != 3 || string(w.engine.got[0].Event.Detail()) != sound || w.engine.got[0].Event.Account != "123456789012" {
		t.Errorf("the engine has %d events, want 3", len(w.engine.got))
	}
	keys := map[string]bool{}
	for _, s := range w.engine.got {
		keys[s.Key] = true
	}
	if len(keys) != 3 || keys[""] {
		t.Errorf("the keys of one call's segments: %v", keys)
	}
	if s := w.Stats(); s.Segments != 3 || s.Refused != 3 {
		t.Errorf("counted %+v", s)
	}
	if answer := call(w, w.PutTraceSegments, xray.PutTraceSegmentsRequest{TraceSegmentDocuments: []string{}}, ""); answer.UnprocessedTraceSegments == nil {
		t.Error("nothing unprocessed is null, not an empty list")
	}
	call(w, w.PutTraceSegments, xray.PutTraceSegmentsRequest{}, "InvalidRequestException: TraceSegmentDocuments is required.")
	w.engine.fail = errors.New("full")
	call(w, w.PutTraceSegments, xray.PutTraceSegmentsRequest{TraceSegmentDocuments: []string{sound}}, "full")
	if w.Stats().Segments != 3 {
		t.Error("segments that the engine did not take are counted as taken")
	}
}

func TestPutTelemetryRecords(t *testing.T) {
	w := newWorld(t)
	call(w, w.PutTelemetryRecords, xray.PutTelemetryRecordsRequest{TelemetryRecords: []xray.TelemetryRecord{
		{SegmentsReceivedCount: 9, SegmentsSpilloverCount: 2, SegmentsRejectedCount: 3, BackendConnectionErrors: xray.BackendConnectionErrors{TimeoutCount: 1, OtherCount: 1}},
		{SegmentsSpilloverCount: -5},
	}}, "")
	if s := w.Stats(); s.Spilled != 2 || s.DaemonRejected != 3 || s.Unsent != 2 {
		t.Errorf("counted %+v", s)
	}
	call(w, w.PutTelemetryRecords, xray.PutTelemetryRecordsRequest{}, "InvalidRequestException: TelemetryRecords is required.")
}

func TestGetSamplingRules(t *testing.T) {
	w := newWorld(t, xray.SamplingRule{RuleName: "late", Priority: 200}, xray.SamplingRule{RuleName: "early", Priority: 100, Attributes: map[string]string{"a": "b"}})
	got := call(w, w.GetSamplingRules, xray.GetSamplingRulesRequest{}, "").SamplingRuleRecords
	var names []string
	for _, r := range got {
		names = append(names, r.SamplingRule.RuleName)
	}
	if diff := cmp.Diff([]string{"early", "late", "Default"}, names); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	want := xray.SamplingRuleRecord{CreatedAt: start, ModifiedAt: start, SamplingRule: xray.SamplingRule{
		RuleName: "Default", RuleARN: "arn:aws:xray:us-east-1:123456789012:sampling-rule/Default", ResourceARN: "*", Priority: 10000,
		FixedRate: 0.05, ReservoirSize: 1, ServiceName: "*", ServiceType: "*", Host: "*", HTTPMethod: "*", URLPath: "*", Version: 1,
		Attributes: map[string]string{},
	}}
	if diff := cmp.Diff(want, got[2]); diff != "" {
		t.Errorf("the default rule (-want +got):\n%s", diff)
	}
}

// statistics is a sound document of client n, which has 24 characters.
func statistics(rule string, n int) xray.SamplingStatisticsDocument {
	count := int64(10)
	return xray.SamplingStatisticsDocument{
		RuleName: rule, ClientID: fmt.Sprintf("%024x", n), Timestamp: start, RequestCount: &count, SampledCount: &count, BorrowCount: 1,
	}
}

// ask asks for client n's quota of a rule.
func (w *world) ask(rule string, n int) xray.SamplingTargetDocument {
	w.t.Helper()
	answer := call(w, w.GetSamplingTargets, xray.GetSamplingTargetsRequest{SamplingStatisticsDocuments: []xray.SamplingStatisticsDocument{statistics(rule, n)}}, "")
	if len(answer.SamplingTargetDocuments) != 1 {
		w.t.Fatalf("answer %+v", answer)
	}
	return answer.SamplingTargetDocuments[0]
}

func TestGetSamplingTargets(t *testing.T) {
	w := newWorld(t, xray.SamplingRule{RuleName: "shop", FixedRate: 0.5, ReservoirSize: 5})
	want := xray.SamplingTargetDocument{RuleName: "shop", FixedRate: 0.5, ReservoirQuota: 5, ReservoirQuotaTTL: start.Add(30 * time.Second), Interval: 10}
	if diff := cmp.Diff(want, w.ask("shop", 1)); diff != "" {
		t.Errorf("the only client (-want +got):\n%s", diff)
	}
	quotas := func(n ...int) (all []int) {
		for _, client := range n {
			all = append(all, w.ask("shop", client).ReservoirQuota)
		}
		return all
	}
	// The second comes to an empty reservoir; once the first has asked again, both have
	// their part.
	for i, step := range []struct{ clients, want []int }{
		{[]int{2, 1, 2}, []int{0, 3, 2}},
		{[]int{3, 1, 2, 3}, []int{0, 2, 2, 1}},
	} {
		w.now = w.now.Add(10 * time.Second)
		if diff := cmp.Diff(step.want, quotas(step.clients...)); diff != "" {
			t.Errorf("step %d (-want +got):\n%s", i, diff)
		}
	}
	w.now = w.now.Add(30 * time.Second) // all but the third are gone
	if got := quotas(3); got[0] != 5 {
		t.Errorf("the one that is left has %d, want 5", got[0])
	}
	if s := w.Stats(); s.Matched != 90 || s.Sampled != 90 || s.Borrowed != 9 {
		t.Errorf("counted %+v", s)
	}
}

// TestReservoirIsNeverExceeded: whoever asks when, the quotas that hold at one time do
// not add up to more than the reservoir, and when all have asked three times
// nothing is left.
func TestReservoirIsNeverExceeded(t *testing.T) {
	for seed := range 50 {
		reservoir := seed % 13
		w := newWorld(t, xray.SamplingRule{RuleName: "r", ReservoirSize: reservoir})
		held := map[int]xray.SamplingTargetDocument{}
		x := uint32(seed*2654435761 + 1)
		for range 200 {
			x = x*1664525 + 1013904223
			client := int(x>>16) % 7
			w.now = w.now.Add(time.Duration(x>>8%9) * time.Second)
			held[client] = w.ask("r", client)
			total := 0
			for _, d := range held {
				if d.ReservoirQuotaTTL.After(w.now) {
					total += d.ReservoirQuota
				}
			}
			if total > reservoir {
				t.Fatalf("seed %d: quotas of %d a second for a reservoir of %d", seed, total, reservoir)
			}
		}
		total := 0
		for range 3 {
			total = 0
			for client := range 7 {
				total += w.ask("r", client).ReservoirQuota
			}
		}
		if total != reservoir {
			t.Errorf("seed %d: %d of %d are handed out to clients that all ask", seed, total, reservoir)
		}
	}
}

func TestUnprocessedStatistics(t *testing.T) {
	w := newWorld(t)
	documents := []xray.SamplingStatisticsDocument{
		statistics("Default", 1), statistics("nope", 1), statistics("Default", 1), statistics("Default", 1), statistics("Default", 1),
	}
	negative := int64(-1)
	documents[2].ClientID = "short"
	documents[3].RequestCount = nil
	documents[4].SampledCount = &negative
	answer := call(w, w.GetSamplingTargets, xray.GetSamplingTargetsRequest{SamplingStatisticsDocuments: documents}, "")
	want := []xray.UnprocessedStatistics{
		{RuleName: "nope", ErrorCode: "400", Message: `No sampling rule is called "nope".`},
		{RuleName: "Default", ErrorCode: "400", Message: "A ClientID has 24 characters."},
		{RuleName: "Default", ErrorCode: "400", Message: "Timestamp, RequestCount and SampledCount are required."},
		{RuleName: "Default", ErrorCode: "400", Message: "A count is 0 or more."},
	}
	if diff := cmp.Diff(want, answer.UnprocessedStatistics); diff != "" || len(answer.SamplingTargetDocuments) != 1 {
		t.Errorf("%d targets; unprocessed (-want +got):\n%s", len(answer.SamplingTargetDocuments), diff)
	}
	if !answer.LastRuleModification.Equal(start) {
		t.Errorf("the rules were changed at %s", answer.LastRuleModification)
	}
	many := make([]xray.SamplingStatisticsDocument, 26)
	call(w, w.GetSamplingTargets, xray.GetSamplingTargetsRequest{SamplingStatisticsDocuments: many[:25]}, "")
	call(w, w.GetSamplingTargets, xray.GetSamplingTargetsRequest{SamplingStatisticsDocuments: many},
		"InvalidRequestException: SamplingStatisticsDocuments has at most 25 documents, not 26.")
	call(w, w.GetSamplingTargets, xray.GetSamplingTargetsRequest{}, "InvalidRequestException: SamplingStatisticsDocuments is required.")
}
