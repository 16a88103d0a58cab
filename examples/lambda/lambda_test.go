// Package watch holds the tests of the project in this folder: what its README says is
// done here, with Tocsin itself in the place of AWS.
package watch

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/examples/internal/program"
	"github.com/tocsin-engine/tocsin/runtime/lambdapack"
)

// queue is where the target alerts sends.
const queue = "account-alerts"

// payloads are what the sources of the README's table send: the function's answer to each,
// and which rules put something into the queue.
var payloads = map[string]struct {
	answer string
	rules  []string
}{
	"sign-in.json":       {"null", []string{"root-signed-in"}},
	"alarm.json":         {"null", []string{"alarm"}},
	"checkout-log.json":  {"null", []string{"checkout-failed"}},
	"orders-queue.json":  {`{"batchItemFailures":[]}`, []string{"big-order"}},
	"orders-stream.json": {`{"batchItemFailures":[]}`, []string{"big-order"}},
}

// TestProject goes the README's way as far as it goes without AWS.
func TestProject(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the whole program")
	}
	p := program.Start(t, "rules") // its SQS is what the function delivers to
	for _, command := range readmeCommands(t) {
		switch {
		case strings.HasPrefix(command, "tocsin test"):
			tocsin(t, p, strings.Fields(command)[1:]...)
		case strings.HasPrefix(command, "tocsin package"):
			plan(t, tocsin(t, p, append(strings.Fields(command)[1:], "--dry-run", "--json")...))
		}
	}
	tocsin(t, p, "check", "--for", "lambda", "--fail-on", "warning", "rules")

	// Without the queue the message that has a big order in it comes again, and no other.
	if got := tocsin(t, p, "lambda", "invoke", "payloads/orders-queue.json"); got != `{"batchItemFailures":[{"itemIdentifier":"m-1"}]}` {
		t.Errorf("without its target's queue the function answers %s", got)
	}
	name := queue
	if _, err := sqs.NewFromConfig(p.AWS()).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name}); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("payloads/*.json")
	if err != nil || len(files) != len(payloads) {
		t.Fatalf("%d payloads, %d are known here: %v", len(files), len(payloads), err)
	}
	for _, file := range files {
		want := payloads[filepath.Base(file)]
		if got := tocsin(t, p, "lambda", "invoke", file); got != want.answer {
			t.Errorf("%s: the function answers %s, want %s", file, got, want.answer)
		}
		if diff := cmp.Diff(want.rules, alerts(t, p)); diff != "" {
			t.Errorf("%s: rules in the queue (-want +got):\n%s", file, diff)
		}
	}
}

// tocsin runs the program with the running one in the place of AWS.
func tocsin(t *testing.T, p *program.Program, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), p.Binary, args...)
	cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+p.URL, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=any", "AWS_SECRET_ACCESS_KEY=any")
	var log strings.Builder
	cmd.Stderr = &log
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tocsin %s: %v\n%s%s", strings.Join(args, " "), err, out, log.String())
	}
	return strings.TrimSpace(string(out))
}

// alerts takes what is in the queue and says which rules put it there.
func alerts(t *testing.T, p *program.Program) (rules []string) {
	t.Helper()
	client := sqs.NewFromConfig(p.AWS())
	url := p.URL + "/000000000000/" + queue
	got, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range got.Messages {
		var alert struct{ Rule string }
		if err := json.Unmarshal([]byte(*m.Body), &alert); err != nil {
			t.Fatal(err)
		}
		rules = append(rules, alert.Rule)
		if _, err := client.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle}); err != nil {
			t.Fatal(err)
		}
	}
	return rules
}

// plan holds what the package of the README's command would be.
func plan(t *testing.T, text string) {
	t.Helper()
	var p lambdapack.Plan
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	got := map[string][]string{}
	for _, s := range p.Sources {
		got["source "+s.Name] = s.Rules
	}
	for _, s := range p.Permissions {
		got[strings.Join(s.For, ", ")] = append(slices.Clone(s.Actions), s.Resources...)
	}
	for _, f := range p.Zip.Files {
		if strings.HasPrefix(f.Name, "plugins/") {
			got["plugins"] = append(got["plugins"], f.Name)
		}
	}
	want := map[string][]string{
		"source aws-cloudtrail":     {"trail-stopped"},
		"source aws-cloudwatch":     {"alarm"},
		"source aws-ec2":            {"door-opened", "instance-gone"},
		"source aws-signin":         {"root-signed-in"},
		"source logs-shop-checkout": {"checkout-failed"},
		"source shop-orders":        {"big-order"},
		"log":                       {"logs:CreateLogStream", "logs:PutLogEvents", "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws/lambda/account-watch:*"},
		"target alerts":             {"sqs:GetQueueUrl", "sqs:SendMessage", "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:account-alerts"},
		"dead letters":              {"sqs:SendMessage", "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:account-watch-dead-letters"},
		"plugins":                   {"plugins/log.pack", "plugins/sqs.pack"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the plan (-want +got):\n%s", diff)
	}
	for _, w := range p.Warnings {
		if w.About != "zip" { // about the bootstrap, which a test does not build
			t.Errorf("%s: %s", w.About, w.Message)
		}
	}
}

var commands = regexp.MustCompile("(?s)## Six commands.*?```console\n(.*?)```")

// readmeCommands are the commands from a clone to a deployed function: six, as promised.
func readmeCommands(t *testing.T) []string {
	t.Helper()
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	m := commands.FindStringSubmatch(string(page))
	if m == nil {
		t.Fatal("README.md has no section of six commands")
	}
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(m[1], "\\\n", "")), "\n")
	if len(lines) != 6 {
		t.Fatalf("there are %d commands: %q", len(lines), lines)
	}
	return lines
}
