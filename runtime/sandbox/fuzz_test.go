package sandbox

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// FuzzBatch: the batch written by hand is the one that encoding/json would read.
func FuzzBatch(f *testing.F) {
	f.Add("t", "d", "1", "rule", `{"a":1}`, "", 1)
	f.Add("\"", "\\", "\x00", "\xff", "{}", "[1]", 0)
	f.Fuzz(func(t *testing.T, target, delivery, id, rule, ev, input string, attempt int) {
		if event.Check([]byte(ev)) != nil || input != "" && event.Check([]byte(input)) != nil {
			return
		}
		valid := func(s string) string { return strings.ToValidUTF8(s, "\ufffd") }
		want := abi.Batch{V: 1, Target: valid(target), Delivery: valid(delivery), DeadlineMS: int64(attempt),
			Records: []abi.Record{{ID: valid(id), Attempt: attempt, Rule: valid(rule), Event: abi.RawJSON(strings.TrimSpace(ev))}}}
		if input != "" {
			want.Records[0].Input = abi.RawJSON(strings.TrimSpace(input))
		}
		var got abi.Batch
		if err := json.Unmarshal(appendBatch(nil, &want), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("batch (-want +got):\n%s", diff)
		}
	})
}

// FuzzResult: an answer is taken only if every failure is one of the batch.
func FuzzResult(f *testing.F) {
	f.Add([]byte("{}"))
	f.Add([]byte(`{"failures":[{"id":"1","retry":true,"error":"x"}]}`))
	f.Add([]byte(`{"failures":[{"id":"2"}]}`))
	f.Add([]byte(`{"failures":{}}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		r, err := parseResult(answer, []abi.Record{{ID: "1"}})
		if err == nil && !json.Valid(answer) {
			t.Errorf("%q was taken", answer)
		}
		for _, failure := range r.Failures {
			if err == nil && failure.ID != "1" {
				t.Errorf("%q names a record that is not there", answer)
			}
		}
	})
}

// FuzzLike: the wildcard matches what its regular expression matches.
func FuzzLike(f *testing.F) {
	f.Add("Send*", "SendMessage")
	f.Add("*a*b*", "xaxbx")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if len(pattern) > 12 || len(s) > 30 || !utf8.ValidString(pattern+s) {
			return
		}
		expression := "(?s)^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$"
		want, err := regexp.MatchString(expression, s)
		if err != nil {
			t.Fatal(err)
		}
		if got := like(pattern, s); got != want {
			t.Errorf("like(%q, %q) = %v, want %v", pattern, s, got, want)
		}
	})
}

// strict fails the test when anything reaches it that was not granted.
type strict struct {
	Capabilities
	t *testing.T
}

func (s strict) Denied(Scope, string, string) {}
func (s strict) Secret(string) (string, bool) { return "v", true }
func (s strict) Emit(_ context.Context, _ Scope, raw []byte) abi.Errno {
	if source, _ := event.Value(raw).Get("source").Text(); source != "shop" {
		s.t.Errorf("emitted %s", raw)
	}
	return 0
}
func (s strict) AWS(_ context.Context, _ Scope, r abi.AWSRequest) (abi.AWSResponse, abi.Errno) {
	if r.Service != "sqs" || r.Action != "SendMessage" || event.Value(r.Params).Kind() != event.Object {
		s.t.Errorf("called %+v", r)
	}
	return abi.AWSResponse{}, 0
}
func (s strict) KV(_ context.Context, _ Scope, _ string, r abi.KVRequest) ([]byte, abi.Errno) {
	if len(r.Key) > 512 || len(r.Value) > 100 {
		s.t.Errorf("stored %+v", r)
	}
	return nil, 0
}
func (s strict) HTTP(context.Context, Scope, abi.HTTPRequest) (abi.HTTPResponse, abi.Errno) {
	return abi.HTTPResponse{}, 0
}

// FuzzHostCalls: whatever a guest asks, the machine around it sees only what was granted.
func FuzzHostCalls(f *testing.F) {
	for _, seed := range []string{`{"source":"shop"}`, `{"source":"aws.ec2"}`, `{"Source":"shop","source":"x"}`, `{"service":"sqs","action":"SendMessage","params":{}}`,
		`{"service":"sqs","action":"SendMessage","params":[]}`, `{"Service":"iam","service":"sqs","action":"SendMessage"}`,
		`{"key":"k","value":1}`, `{"key":"","prefix":"x"}`, `{"name":"TOKEN"}`, `{"method":"GET","url":"x"}`, "", "nope"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, request []byte) {
		i := &instance{ctx: t.Context(), target: &Target{module: &Module{host: &Host{}}, host: strict{t: t}, grants: abi.Grants{
			Emit: []string{"shop"}, KV: 100, Secrets: []string{"TOKEN"}, AWS: []abi.AWSGrant{{Service: "sqs", Actions: []string{"SendMessage"}}}}}}
		i.budget.deadline = time.Now().Add(time.Hour)
		for _, call := range []func(*instance, []byte) ([]byte, abi.Errno){emit, aws, http, secret, kv(abi.KVPut), kv(abi.KVGet), kv(abi.KVCAS), kv(abi.KVList)} {
			n := i.respond("f", call, slices.Clone(request))
			if n >= 0 && int(n) != len(i.answer) || n < -int32(abi.Timeout) {
				t.Errorf("%q answers %d with %q", request, n, i.answer)
			}
		}
	})
}
