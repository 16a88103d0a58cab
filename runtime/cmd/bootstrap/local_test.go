package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/ingest/lambda"
	"github.com/tocsin-engine/tocsin/runtime/lambdahost/runtimeapi"
	"github.com/tocsin-engine/tocsin/runtime/tracing"
	"github.com/tocsin-engine/tocsin/sdk/event"
	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

// long is a function's time that no test waits for.
const long = 5 * time.Minute

const everything = `version: 1
rules:
  - {name: everything, pattern: {source: [{exists: true}]}, targets: [log]}
targets:
  - {name: log, plugin: log}
`

// newFunction makes a function's folder with a rule file and packs.
func newFunction(t testing.TB, rules string, packs ...string) (root string) {
	t.Helper()
	root = t.TempDir()
	shipped(t, root, packs...)
	write(t, filepath.Join(root, "rules", "rules.yaml"), rules)
	return root
}

// lines are the lines of a log that are JSON, by their message; lines of metrics have none.
func lines(t *testing.T, log string) map[string][]event.Value {
	t.Helper()
	all := map[string][]event.Value{}
	for line := range strings.Lines(log) {
		if v := event.Value(strings.TrimSpace(line)); event.CheckSyntax(v) == nil {
			message, _ := v.Get("@message").Text()
			all[message] = append(all[message], v)
		}
	}
	return all
}

// placeholders are filled into those samples that are templates.
var placeholders = strings.NewReplacer("{{{data}}}", "SGVsbG8=", "{{{body}}}", "SGVsbG8=", "{{{method}}}", "POST", "{{{path}}}", "path",
	"{{{region}}}", "us-east-1", "{{{account_id}}}", "123456789012", "{{{partition}}}", "aws", "{{{key}}}", "some%2Fkey",
	"{{{bucket}}}", "some-bucket", "{{{dns_suffix}}}", "amazonaws.com")

// TestEverySample: the real process answers every recorded payload as its sender wants to
// be answered, and delivers the events in it, each once.
func TestEverySample(t *testing.T) {
	dir := sharedtest.Path(t, "lambda-events")
	p := start(t, program(t, "."), newFunction(t, everything, "log"))
	samples, events := 0, 0
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(file) != ".json" {
			return err
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		payload := []byte(placeholders.Replace(string(raw)))
		answer, failed := p.Invoke(t.Context(), payload, long)
		samples++
		read, unknown := lambda.Read(payload, event.Fields{Account: "000000000000", Region: "eu-west-1", Time: time.Now()})
		for _, r := range read.Records {
			events += len(r.Events)
		}
		if problem := checkAnswer(read, unknown, answer, failed); problem != "" {
			t.Errorf("%s: %s; answer %s, error %v", file, problem, answer, failed)
		}
		return nil
	})
	if err != nil || samples != 83 {
		t.Errorf("%d samples, %v", samples, err)
	}
	log := p.end(syscall.SIGTERM)
	if !strings.Contains(strings.SplitN(log, "\n", 2)[0], `"cold start"`) {
		t.Errorf("the log begins with %.300s", log)
	}
	delivered := 0.0
	for _, v := range lines(t, log)[""] {
		n, _ := v.Get("delivered").Float()
		delivered += n
		if dead, _ := v.Get("dead").Float(); dead != 0 {
			t.Errorf("metrics %s", v)
		}
	}
	if told := len(lines(t, log)["event"]); int(delivered) != events || told != events {
		t.Errorf("%d events: %v delivered by the metrics, %d by the target", events, delivered, told)
	}
}

// checkAnswer says what is wrong with an answer to a payload.
func checkAnswer(p lambda.Payload, unknown error, answer []byte, failed error) string {
	var told *runtimeapi.FunctionError
	switch {
	case unknown != nil:
		if !errors.As(failed, &told) || told.Type != "PayloadError" || told.Message != unknown.Error() {
			return "an unknown payload was not refused as such"
		}
		return ""
	case failed != nil:
		return "it failed"
	}
	v := event.Value(answer)
	switch p.Kind {
	case lambda.HTTP:
		if status, _ := v.Get("statusCode").Float(); status != http.StatusForbidden {
			return "without access keys an HTTP request is forbidden"
		}
	case lambda.SQS, lambda.Kinesis, lambda.DynamoDB:
		if string(answer) != `{"batchItemFailures":[]}` {
			return "a batch without failures"
		}
	case lambda.Firehose:
		var got, want []string
		for r := range v.Get("records").Items() {
			got = append(got, string(r.Get("recordId"))+string(r.Get("result"))+string(r.Get("data")))
		}
		for _, r := range p.Records {
			want = append(want, fmt.Sprintf("%q%q%q", r.ID, "Ok", base64.StdEncoding.EncodeToString(r.Data)))
		}
		if !slices.Equal(got, want) {
			return fmt.Sprintf("every record once: %s", cmp.Diff(want, got))
		}
	default:
		if string(answer) != "null" {
			return "an asynchronous sender ignores answers"
		}
	}
	return ""
}

func TestTheLogSaysWhyItCannotStart(t *testing.T) {
	p := start(t, program(t, "."), newFunction(t, strings.Replace(everything, "targets: [log]", "targets: [lag]", 1), "log"))
	_ = p.cmd.Wait()
	log := p.log.String()
	if code := p.cmd.ProcessState.ExitCode(); code != 3 || !strings.Contains(log, `rules/rules.yaml","line":3`) || !strings.Contains(log, "lag") {
		t.Errorf("exit code %d\n%s", code, log)
	}
}

// message is a record of a queue.
func message(id string) string {
	body, err := json.Marshal(fmt.Sprintf(`{"id":%q,"source":%q,"detail-type":"T","detail":{}}`, id, id))
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"messageId":%q,"body":%s,"eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:eu-west-1:1:q"}`, id, body)
}

// hanging is a function with a target whose server does not answer before it is let go, and
// another target. arrived gets the headers of each request.
func hanging(t *testing.T) (root string, arrived chan http.Header, letGo func()) {
	t.Helper()
	arrived, held := make(chan http.Header, 10), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- r.Header
		select {
		case <-held:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(server.Close)
	rules := fmt.Sprintf(`version: 1
rules:
  - {name: slow, pattern: {source: [slow]}, targets: [webhook]}
  - {name: fine, pattern: {source: [fine]}, targets: [log]}
targets:
  - {name: webhook, plugin: webhook, config: {url: %q}}
  - {name: log, plugin: log}
plugins:
  - {name: webhook, allow: {http: [%q]}, limits: {time: 60s}}
`, server.URL, strings.TrimPrefix(server.URL, "http://"))
	return newFunction(t, rules, "log", "webhook"), arrived, func() { close(held) }
}

// TestTheDeadline: what cannot finish in time is reported failed, and nothing else is.
func TestTheDeadline(t *testing.T) {
	root, arrived, letGo := hanging(t)
	defer letGo()
	p := start(t, program(t, "."), root)
	p.Grace = long
	// Before the deadline counts, what has to be loaded is.
	if answer, err := p.Invoke(t.Context(), []byte(`{"Records":[`+message("fine")+`]}`), long); err != nil {
		t.Fatalf("%s, %v", answer, err)
	}
	answer, err := p.Invoke(t.Context(), []byte(`{"Records":[`+message("fine")+","+message("slow")+`]}`), time.Second)
	if err != nil || string(answer) != `{"batchItemFailures":[{"itemIdentifier":"slow"}]}` {
		t.Errorf("%s, %v", answer, err)
	}
	select {
	case h := <-arrived:
		if trace := h.Get(tracing.Header); trace != runtimeapi.Trace {
			t.Errorf("the target's request has the trace %q", trace)
		}
	default: // the guest was not ready in that second
	}
	if log := p.end(syscall.SIGTERM); !strings.Contains(log, "a record failed; its sender is told") {
		t.Errorf("the log says nothing of it:\n%s", log)
	}
}

// TestAnInvocationIsAnsweredBeforeTheEnd: SIGTERM ends the process when nothing is under
// way any more.
func TestAnInvocationIsAnsweredBeforeTheEnd(t *testing.T) {
	root, arrived, letGo := hanging(t)
	p := start(t, program(t, "."), root)
	answered := make(chan error, 1)
	go func() {
		answer, err := p.Invoke(t.Context(), []byte(`{"Records":[`+message("slow")+`]}`), long)
		if err == nil && string(answer) != `{"batchItemFailures":[]}` {
			err = fmt.Errorf("answer %s", answer)
		}
		answered <- err
	}()
	select {
	case h := <-arrived:
		if trace := h.Get(tracing.Header); trace != runtimeapi.Trace {
			t.Errorf("the target's request has the trace %q", trace)
		}
	case err := <-answered:
		t.Fatalf("answered too early: %v\n%s", err, p.end(syscall.SIGTERM))
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	letGo()
	if err := <-answered; err != nil {
		t.Error(err)
	}
	if err := p.cmd.Wait(); err != nil || !strings.Contains(p.log.String(), "ended by Lambda") {
		t.Errorf("%v\n%s", err, p.log)
	}
}

// TestAThousandInvocations: neither memory nor goroutines grow with their number.
func TestAThousandInvocations(t *testing.T) {
	root := newFunction(t, everything, "log")
	run := func(n int) (kib, goroutines int) {
		p := start(t, program(t, "."), root, "TOCSIN_LOG_LEVEL=error", "GOTRACEBACK=all")
		for i := range n {
			answer, err := p.Invoke(t.Context(), []byte(`{"Records":[`+message(fmt.Sprint("m", i))+`]}`), long)
			if err != nil || string(answer) != `{"batchItemFailures":[]}` {
				t.Fatalf("invocation %d: %s, %v", i, answer, err)
			}
		}
		kib = p.memory("VmRSS")
		return kib, strings.Count(p.end(syscall.SIGQUIT), "\ngoroutine ")
	}
	before, few := run(100)
	after, many := run(1000)
	t.Logf("100 invocations: %d KiB, %d goroutines; 1000: %d KiB, %d goroutines", before, few, after, many)
	if after > before+8<<10 || many > few+3 || few == 0 {
		t.Errorf("100 invocations: %d KiB, %d goroutines; 1000: %d KiB, %d goroutines", before, few, after, many)
	}
}
