package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/ingest/awswire"
	"github.com/tocsin-engine/tocsin/runtime/dispatch"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/sqs"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// withSQS gives a world its SQS service.
func withSQS(w *world) *service.Table {
	table := service.NewTable(sqs.New(w.store, func() time.Time { return w.now }, nil).Operations())
	w.SetServices(table)
	return table
}

// call calls an operation as a client in JSON would, and returns the answer's JSON.
func call(t *testing.T, table *service.Table, name, params string) string {
	t.Helper()
	op, ok := table.Find("sqs", name)
	if !ok {
		t.Fatalf("there is no %s", name)
	}
	request := op.New()
	if err := awswire.DecodeJSON([]byte(params), request); err != nil {
		t.Fatal(err)
	}
	answer, err := op.Handle(t.Context(), service.Caller{Account: "000000000000", Region: "us-east-1"}, request)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return string(awswire.EncodeJSON(answer))
}

const withQueue = `
version: 1
rules:
  - {name: r, pattern: {source: [shop]}, targets: [t]}
targets: [{name: t, plugin: log, dead_letter: lost}]
`

func TestDeadLettersCanBeReadFromTheirQueue(t *testing.T) {
	w := newWorld(t, withQueue)
	w.plugins.act = func(context.Context, sandbox.Capabilities, string, dispatch.Delivery) dispatch.Outcome {
		return dispatch.Outcome{Code: "NO_PERMISSIONS", Message: "you may not"}
	}
	w.send("e1", "shop", `{"n":1.50}`)
	if f := w.fate("e1"); f.State != engine.StateDying || !strings.Contains(f.Deliveries[0].Message, "no sqs service") {
		t.Errorf("without a queue service: %+v", f)
	}
	table := withSQS(w)
	w.now = w.now.Add(time.Minute)
	w.step()
	if f := w.fate("e1"); f.State != engine.StateDead {
		t.Errorf("with a queue service: %+v", f)
	}
	var got struct {
		Messages []struct {
			Body              string
			MessageAttributes map[string]struct{ StringValue string }
		}
	}
	answer := call(t, table, "ReceiveMessage", `{"QueueUrl":"lost","MessageAttributeNames":["All"]}`)
	if err := json.Unmarshal([]byte(answer), &got); err != nil || len(got.Messages) != 1 {
		t.Fatalf("the queue answered %s", answer)
	}
	if body := string(newEvent(t, "e1", "shop", `{"n":1.50}`).Raw()); got.Messages[0].Body != body {
		t.Errorf("the body is %s, want the event byte for byte", got.Messages[0].Body)
	}
	attributes := map[string]string{}
	for name, a := range got.Messages[0].MessageAttributes {
		attributes[name] = a.StringValue
	}
	want := map[string]string{
		"RULE_ARN":   "arn:aws:events:us-east-1:000000000000:rule/r",
		"TARGET_ARN": "arn:aws:tocsin:us-east-1:000000000000:target/t",
		"ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "you may not", "RETRY_ATTEMPTS": "0",
	}
	if diff := cmp.Diff(want, attributes); diff != "" {
		t.Error(diff)
	}
}

func TestLocalAWSCalls(t *testing.T) {
	w := newWorld(t, loop)
	table := withSQS(w)
	ask := func(service, action, params string) (abi.AWSResponse, abi.Errno) {
		return w.AWS(t.Context(), sandbox.Scope{Target: "t", Mode: "local"},
			abi.AWSRequest{Service: service, Action: action, Params: abi.RawJSON(params)})
	}
	r, errno := ask("sqs", "SendMessage", `{"QueueUrl":"orders","MessageBody":"hello"}`)
	if errno != 0 || r.Error != nil || !strings.Contains(string(r.Result), "MessageId") {
		t.Errorf("SendMessage = %s, %+v, %d", r.Result, r.Error, errno)
	}
	if got := call(t, table, "ReceiveMessage", `{"QueueUrl":"orders"}`); !strings.Contains(got, "hello") {
		t.Errorf("the queue holds %s", got)
	}
	for name, tc := range map[string]struct {
		service, action, params, code string
		errno                         abi.Errno
	}{
		"unknown service": {"nope", "X", `{}`, "", abi.NotFound},
		"unknown action":  {"sqs", "X", `{}`, "", abi.NotFound},
		"wrong type":      {"sqs", "SendMessage", `{"QueueUrl":1}`, "SerializationException", 0},
		"missing queue":   {"sqs", "SendMessage", `{"MessageBody":"x"}`, "MissingRequiredParameterException", 0},
	} {
		t.Run(name, func(t *testing.T) {
			r, errno := ask(tc.service, tc.action, tc.params)
			if errno != tc.errno || tc.code != "" && (r.Error == nil || r.Error.Code != tc.code) {
				t.Errorf("answer %+v, errno %d; want %s, %d", r.Error, errno, tc.code, tc.errno)
			}
		})
	}
}

func TestAWSModeWithoutAWS(t *testing.T) {
	w := newWorld(t, loop)
	r, errno := w.AWS(t.Context(), sandbox.Scope{Target: "t", Mode: "aws"}, abi.AWSRequest{Service: "sqs", Action: "SendMessage"})
	if errno != 0 || r.Error == nil || r.Error.Retry || !strings.Contains(r.Error.Message, "mode: local") {
		t.Errorf("answer %+v, %d; want an error that says what to write", r.Error, errno)
	}
}

func TestKV(t *testing.T) {
	w := newWorld(t, loop)
	scope := sandbox.Scope{Target: "t", Grants: abi.Grants{KV: 200}}
	do := func(s sandbox.Scope, function string, r abi.KVRequest) string {
		t.Helper()
		b, errno := w.KV(t.Context(), s, function, r)
		if errno != 0 {
			return fmt.Sprint("errno ", errno)
		}
		return string(b)
	}
	put := func(key, value string) string {
		return do(scope, abi.KVPut, abi.KVRequest{Key: key, Value: abi.RawJSON(value)})
	}
	cas := func(key string, old, value string) string {
		r := abi.KVRequest{Key: key, Value: abi.RawJSON(value)}
		if old != "" {
			r.Old = abi.RawJSON(old)
		}
		return do(scope, abi.KVCAS, r)
	}
	get := func(key string) string { return do(scope, abi.KVGet, abi.KVRequest{Key: key}) }
	errno := func(e abi.Errno) string { return fmt.Sprint("errno ", e) }
	for _, step := range []struct{ what, got, want string }{
		{"get nothing", get("a"), errno(abi.NotFound)},
		{"put", put("a", `1`), ""},
		{"get", get("a"), `1`},
		{"another target has its own", do(sandbox.Scope{Target: "u"}, abi.KVGet, abi.KVRequest{Key: "a"}), errno(abi.NotFound)},
		{"cas of nothing that is there", cas("a", "", `2`), errno(abi.Conflict)},
		{"cas of another value", cas("a", `7`, `2`), errno(abi.Conflict)},
		{"cas", cas("a", `1`, `2`), ""},
		{"cas made it", get("a"), `2`},
		{"cas of nothing", cas("b", "", `"x"`), ""},
		{"list", do(scope, abi.KVList, abi.KVRequest{}), `{"keys":["a","b"]}`},
		{"list with a prefix", do(scope, abi.KVList, abi.KVRequest{Prefix: "b"}), `{"keys":["b"]}`},
		{"no key", put("", `1`), errno(abi.BadRequest)},
		{"over the quota", put("c", `"`+strings.Repeat("x", 120)+`"`), errno(abi.TooLarge)},
		{"delete", do(scope, abi.KVDelete, abi.KVRequest{Key: "b"}), ""},
		{"deleted", get("b"), errno(abi.NotFound)},
		{"within the quota now", put("c", `"`+strings.Repeat("x", 90)+`"`), ""},
		{"replacing needs only the difference", put("c", `"`+strings.Repeat("y", 90)+`"`), ""},
	} {
		if step.got != step.want {
			t.Errorf("%s: %q, want %q", step.what, step.got, step.want)
		}
	}
	if got := do(scope, abi.KVPut, abi.KVRequest{Key: "a", Value: abi.RawJSON(`3`), TTLMS: 1000}); got != "" {
		t.Error(got)
	}
	w.now = w.now.Add(time.Second)
	if got := get("a"); got != errno(abi.NotFound) {
		t.Errorf("after its time: %q", got)
	}
}

// TestKVKeysAreNoPaths: whatever stands in a key, it is the target's own, and no other key.
func TestKVKeysAreNoPaths(t *testing.T) {
	w := newWorld(t, loop)
	targets := []string{"a", "b", "a/b", "a/../b", "..", "kv/b", "%", "a\x00b"}
	keys := []string{"x", "../x", "./x", "/x", "b/x", "../b/x", "../../kv/b/x", "x/..", "%", "_", "a%", "x\x00", "\x00x", "X"}
	value := func(target, key string) string { return string(event.AppendString(nil, target+" "+key)) }
	for _, target := range targets {
		for _, key := range keys {
			r := abi.KVRequest{Key: key, Value: abi.RawJSON(value(target, key))}
			if _, errno := w.KV(t.Context(), sandbox.Scope{Target: target, Grants: abi.Grants{KV: 1 << 20}}, abi.KVPut, r); errno != 0 {
				t.Fatalf("%q %q: errno %d", target, key, errno)
			}
		}
	}
	for _, target := range targets {
		s := sandbox.Scope{Target: target}
		for _, key := range keys {
			if got, errno := w.KV(t.Context(), s, abi.KVGet, abi.KVRequest{Key: key}); string(got) != value(target, key) {
				t.Errorf("%q %q: %s, errno %d", target, key, got, errno)
			}
		}
		for prefix, want := range map[string]int{"": len(keys), "../": 3, "%": 1, "_": 1, "x": 3, "\x00": 1, "kv/": 0} {
			b, _ := w.KV(t.Context(), s, abi.KVList, abi.KVRequest{Prefix: prefix})
			var got abi.KVKeys
			if err := json.Unmarshal(b, &got); err != nil || len(got.Keys) != want {
				t.Errorf("%q with prefix %q: %q, %v, want %d keys", target, prefix, got.Keys, err, want)
			}
		}
	}
}

func TestKV_hammer(t *testing.T) {
	w := newWorld(t, loop)
	scope := sandbox.Scope{Target: "t", Grants: abi.Grants{KV: 1 << 20}}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for done := 0; done < 50; {
				old, _ := w.KV(t.Context(), scope, abi.KVGet, abi.KVRequest{Key: "n"})
				var n int
				if old != nil {
					json.Unmarshal(old, &n)
				}
				_, errno := w.KV(t.Context(), scope, abi.KVCAS, abi.KVRequest{Key: "n", Old: old, Value: fmt.Append(nil, n+1)})
				switch errno {
				case 0:
					done++
				case abi.Conflict:
				default:
					t.Errorf("errno %d", errno)
					return
				}
			}
		})
	}
	wg.Wait()
	if got, _ := w.KV(t.Context(), scope, abi.KVGet, abi.KVRequest{Key: "n"}); string(got) != "400" {
		t.Errorf("counted to %s, want 400", got)
	}
}

func TestEmitRefusesWhatIsNoEvent(t *testing.T) {
	w := newWorld(t, loop)
	for _, raw := range []string{``, `[]`, `{"source":"shop"}`, `{"source":"shop","detail-type":"T","detail":1}`, `{"a":1,"a":2}`} {
		if errno := w.Emit(context.Background(), sandbox.Scope{Bus: "default"}, []byte(raw)); errno != abi.BadRequest {
			t.Errorf("Emit(%s) = %d, want BadRequest", raw, errno)
		}
	}
	raw := []byte(`{"source":"other","detail-type":"T"}`)
	if errno := w.Emit(context.Background(), sandbox.Scope{Bus: "mine", Hops: 2}, raw); errno != 0 {
		t.Fatal(errno)
	}
	clear(raw) // it is the guest's memory
	got := w.Recent(1)[0].Event
	if got.Bus != "mine" || got.Hops != 3 || got.Source != "other" || got.Account == "" || !got.Time.Equal(start) {
		t.Errorf("the event is %+v", got)
	}
}

func TestPluginLogs(t *testing.T) {
	var b bytes.Buffer
	w := newWorldWith(t, loop, engine.Config{Log: hclog.New(&hclog.LoggerOptions{Output: &b, Level: hclog.Debug, DisableTime: true})})
	b.Reset()
	s := sandbox.Scope{Target: "t", Plugin: "p", Delivery: "d"}
	w.Log(s, abi.Warn, []byte("forged\n[ERROR] engine: all is lost"))
	w.Log(s, abi.Info, []byte(`{"message":"sent","status":200,"url":"x"}`))
	want := "[WARN]  engine.plugin: forged [ERROR] engine: all is lost: target=t plugin=p delivery=d\n" +
		"[INFO]  engine.plugin: sent: target=t plugin=p delivery=d plugin_status=200 plugin_url=x\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

// TestPut_hammer puts from all sides while rules change and people look.
func TestPut_hammer(t *testing.T) {
	w := newWorld(t, orders)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	rules := set(t, orders)
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			for i := range 100 {
				id := fmt.Sprintf("%d-%d", n, i)
				if _, err := w.Put(ctx, []service.Submission{{Event: newEvent(t, id, "shop", `{"amount":1250,"id":"x","country":"US"}`)}}); err != nil {
					t.Error(err)
				}
				if i%25 == 0 {
					if err := w.Load(ctx, rules); err != nil {
						t.Error(err)
					}
				}
				if _, err := w.Fate(ctx, id); err != nil {
					t.Error(err)
				}
				w.Recent(3)
				sub := w.Subscribe(1)
				w.Stats()
				sub.Close()
			}
		})
	}
	wg.Wait()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if s := w.Stats(); s.Received != 400 || s.Matched != 400 || s.Delivered != 1200 {
		t.Errorf("%d received, %d matched, %d delivered; want 400, 400, 1200", s.Received, s.Matched, s.Delivered)
	}
}
