package security

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

// TestRecordedTrails runs the program as a person would: `tocsin run` with these rules,
// `tocsin send` with the log files of a recorded attack, with the recorded attack
// techniques and with the events of StreamAlert; then AWS clients read what the targets
// got.
func TestRecordedTrails(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the whole program")
	}
	trail := glob(t, "cloudtrail/invictus/*.json", 20)
	techniques := glob(t, "cloudtrail/stratus/*.json", 18)
	p := start(t)
	p.subscribe(t, "security-page", "pager")

	p.send(t, trail...)
	p.wait(t, counts{Received: 1448, Matched: 1068, Unmatched: 380, Delivered: 1264})
	p.send(t, techniques...)
	p.wait(t, counts{Received: 1448 + 186, Matched: 1068 + 173, Unmatched: 380 + 13, Delivered: 1264 + 260})
	p.send(t, streamAlertFile(t))
	p.wait(t, counts{Received: 1634 + 55, Matched: 1241 + 43, Unmatched: 393 + 12, Delivered: 1524 + 67})

	got := map[string]int{
		"pager":                 p.waiting(t, "pager"),
		"security-alerts":       p.waiting(t, "security-alerts"),
		"security-dead-letters": p.waiting(t, "security-dead-letters"),
		"security-evidence":     p.records(t, "security-evidence"),
	}
	want := map[string]int{"pager": 7 + 22, "security-alerts": 47 + 51 + 40, "security-dead-letters": 0, "security-evidence": 1217 + 202 + 5}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what AWS clients read (-want +got):\n%s", diff)
	}
}

// streamAlertFile writes the recorded events of StreamAlert as `tocsin send` takes them.
func streamAlertFile(t *testing.T) string {
	t.Helper()
	var all []byte
	lines(t, "rules/streamalert/events_with_expected_rules.jsonl", func(line []byte) {
		var r struct{ Event json.RawMessage }
		decode(t, line, &r)
		all = append(append(all, envelope(t, r.Event).Raw()...), '\n')
	})
	file := filepath.Join(t.TempDir(), "streamalert.jsonl")
	if err := os.WriteFile(file, all, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// program is the running program.
type program struct {
	binary, url string
}

// start builds the program and runs it with the rules of this example.
func start(t *testing.T) *program {
	t.Helper()
	dir := t.TempDir()
	p := &program{binary: filepath.Join(dir, "tocsin")}
	build := exec.Command("go", "build", "-buildvcs=false", "-o", p.binary, "../../runtime/cmd/tocsin")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	p.url = "http://" + address

	run := exec.Command(p.binary, "run", "--rules", "rules", "--listen", address)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	run.Stdout, run.Stderr = log, log
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		run.Process.Signal(syscall.SIGTERM)
		err := run.Wait()
		log.Close()
		if said, _ := os.ReadFile(log.Name()); err != nil || t.Failed() {
			t.Errorf("tocsin run: %v\n%s", err, said)
		}
	})
	until(t, "the server is ready", func() bool {
		r, err := http.Get(p.url + "/readyz")
		if err != nil {
			return false
		}
		r.Body.Close()
		return r.StatusCode == http.StatusOK
	})
	return p
}

func (p *program) send(t *testing.T, files ...string) {
	t.Helper()
	out, err := exec.Command(p.binary, append([]string{"send", "--server", p.url}, files...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("tocsin send: %v\n%s", err, out)
	}
}

// counts are those of the server's status.
type counts struct {
	Received, Matched, Unmatched, Delivered, Retried, Dead int
}

// wait waits until the server has delivered what is wanted, and holds its counts.
func (p *program) wait(t *testing.T, want counts) {
	t.Helper()
	var got counts
	until(t, fmt.Sprintf("%d deliveries", want.Delivered), func() bool {
		r, err := http.Get(p.url + "/api/v1/status")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		var status struct{ Counts counts }
		if err := json.NewDecoder(r.Body).Decode(&status); err != nil {
			t.Fatal(err)
		}
		got = status.Counts
		return got.Delivered+got.Dead >= want.Delivered
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// until asks again and again, for at most a minute.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Errorf("waited a minute in vain until %s", what)
			return
		}
	}
}

var credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "any", SecretAccessKey: "any"}, nil
})

// subscribe makes a topic and a queue that gets everything published to it.
func (p *program) subscribe(t *testing.T, topic, queue string) {
	t.Helper()
	topics := sns.New(sns.Options{BaseEndpoint: &p.url, Region: "us-east-1", Credentials: credentials})
	made, err := topics.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: &topic})
	if err != nil {
		t.Fatal(err)
	}
	queues := sqs.New(sqs.Options{BaseEndpoint: &p.url, Region: "us-east-1", Credentials: credentials})
	if _, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &queue}); err != nil {
		t.Fatal(err)
	}
	arn := "arn:aws:sqs:us-east-1:000000000000:" + queue
	if _, err := topics.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: made.TopicArn, Protocol: aws.String("sqs"), Endpoint: &arn}); err != nil {
		t.Fatal(err)
	}
}

// waiting counts a queue's messages; a queue that nobody made has none.
func (p *program) waiting(t *testing.T, queue string) int {
	t.Helper()
	client := sqs.New(sqs.Options{BaseEndpoint: &p.url, Region: "us-east-1", Credentials: credentials})
	list, err := client.ListQueues(t.Context(), &sqs.ListQueuesInput{QueueNamePrefix: &queue})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.QueueUrls) == 0 {
		return 0
	}
	name := sqstypes.QueueAttributeNameApproximateNumberOfMessages
	answer, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: &list.QueueUrls[0], AttributeNames: []sqstypes.QueueAttributeName{name},
	})
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if _, err := fmt.Sscan(answer.Attributes[string(name)], &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// records counts a stream's records, read to the end of every shard.
func (p *program) records(t *testing.T, stream string) int {
	t.Helper()
	client := kinesis.New(kinesis.Options{BaseEndpoint: &p.url, Region: "us-east-1", Credentials: credentials})
	shards, err := client.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: &stream})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, shard := range shards.Shards {
		at, err := client.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{
			StreamName: &stream, ShardId: shard.ShardId, ShardIteratorType: kinesistypes.ShardIteratorTypeTrimHorizon,
		})
		if err != nil {
			t.Fatal(err)
		}
		for iterator := at.ShardIterator; iterator != nil; {
			page, err := client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: iterator})
			if err != nil {
				t.Fatal(err)
			}
			n += len(page.Records)
			if iterator = page.NextShardIterator; len(page.Records) == 0 && *page.MillisBehindLatest == 0 {
				break
			}
		}
	}
	return n
}

func glob(t *testing.T, pattern string, want int) []string {
	t.Helper()
	dir := sharedtest.Path(t, filepath.Dir(pattern))
	files, err := filepath.Glob(filepath.Join(dir, filepath.Base(pattern)))
	if err != nil || len(files) != want {
		t.Fatalf("saw %d files of %s, want %d (%v)", len(files), pattern, want, err)
	}
	return files
}
