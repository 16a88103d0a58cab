package dynamodb_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/tocsin-engine/tocsin/runtime/awsapi"
	"github.com/tocsin-engine/tocsin/runtime/lambdahost"
	"github.com/tocsin-engine/tocsin/runtime/npmtest"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/runtime/store/dynamodb"
	"github.com/tocsin-engine/tocsin/runtime/store/storetest"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// emulator starts the DynamoDB of npm's dynalite and returns its URL.
func emulator(t *testing.T) string {
	t.Helper()
	dir := npmtest.Install(t, "dynalite", "testdata/package.json")
	const script = `const s = require(process.argv[1])({createTableMs: 0}); s.listen(0, "127.0.0.1", () => console.log(s.address().port));`
	cmd := exec.Command("node", "-e", script, filepath.Join(dir, "node_modules", "dynalite"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return "http://127.0.0.1:" + strings.TrimSpace(port)
}

func client(endpoint string) *awsapi.Client {
	return awsapi.NewClient(awsapi.ClientConfig{
		Table: service.NewTable(dynamodb.Operations()), Region: "us-east-1", Endpoint: endpoint,
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", ""),
	})
}

// createTable makes a table as the package comment says.
func createTable(t *testing.T, endpoint, name string) {
	t.Helper()
	body := fmt.Sprintf(`{"TableName":%q,"BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"space","AttributeType":"S"},`+
		`{"AttributeName":"key","AttributeType":"B"}],"KeySchema":[{"AttributeName":"space","KeyType":"HASH"},{"AttributeName":"key","KeyType":"RANGE"}]}`, name)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Amz-Target", "DynamoDB_20120810.CreateTable")
	request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00")
	request.Header.Set("X-Amz-Date", "20260101T000000Z")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatal(response.Status)
	}
}

// transactions makes TransactWriteItems of single writes, which the emulator has none of:
// one writer at a time, and what was written before the condition that fails is put back.
type transactions struct {
	*awsapi.Client
	mu sync.Mutex
}

func (c *transactions) Call(ctx context.Context, r abi.AWSRequest) (abi.AWSResponse, abi.Errno) {
	if r.Action == "GetItem" || r.Action == "Query" {
		return c.Client.Call(ctx, r)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Action != "TransactWriteItems" {
		return c.Client.Call(ctx, r)
	}
	var request struct {
		TransactItems []map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(r.Params, &request); err != nil {
		return abi.AWSResponse{}, abi.BadRequest
	}
	var undo []abi.AWSRequest
	for _, item := range request.TransactItems {
		for action, params := range item { // one
			undo = append(undo, c.inverse(ctx, action, params))
			answer, errno := c.write(ctx, action+"Item", params)
			if answer.Error == nil && errno == 0 {
				continue
			}
			for _, u := range slices.Backward(undo[:len(undo)-1]) {
				c.Client.Call(ctx, u)
			}
			if answer.Error != nil && answer.Error.Code == "ConditionalCheckFailedException" {
				answer.Error.Code, answer.Error.Message = "TransactionCanceledException", "[ConditionalCheckFailed]"
			}
			return answer, errno
		}
	}
	return abi.AWSResponse{Result: []byte("{}")}, 0
}

func (c *transactions) write(ctx context.Context, action string, params any) (abi.AWSResponse, abi.Errno) {
	raw, _ := json.Marshal(params)
	return c.Client.Call(ctx, abi.AWSRequest{Service: dynamodb.Service, Action: action, Params: raw})
}

// inverse is the call that puts back what a write overwrites.
func (c *transactions) inverse(ctx context.Context, action string, params map[string]json.RawMessage) abi.AWSRequest {
	key := params["Key"]
	if action == "Put" {
		var item map[string]json.RawMessage
		json.Unmarshal(params["Item"], &item)
		key, _ = json.Marshal(map[string]json.RawMessage{"space": item["space"], "key": item["key"]})
	}
	answer, _ := c.write(ctx, "GetItem", map[string]json.RawMessage{"TableName": params["TableName"], "Key": key, "ConsistentRead": []byte("true")})
	var before struct{ Item map[string]json.RawMessage }
	json.Unmarshal(answer.Result, &before)
	name, body := "DeleteItem", map[string]any{"TableName": params["TableName"], "Key": key}
	if len(before.Item) > 0 {
		name, body = "PutItem", map[string]any{"TableName": params["TableName"], "Item": before.Item}
	}
	raw, _ := json.Marshal(body)
	return abi.AWSRequest{Service: dynamodb.Service, Action: name, Params: raw}
}

func TestState(t *testing.T) {
	endpoint := emulator(t)
	var mu sync.Mutex
	tables := 0
	storetest.RunState(t, func(t *testing.T) store.Store {
		mu.Lock()
		defer mu.Unlock()
		tables++
		name := fmt.Sprint("state-", tables)
		createTable(t, endpoint, name)
		return lambdahost.NewStore(dynamodb.New(&transactions{Client: client(endpoint)}, name))
	})
	t.Run("a table that is not there", func(t *testing.T) {
		_, _, err := dynamodb.New(client(endpoint), "nowhere").Get(context.Background(), "s", "k", storetest.Start)
		if err == nil || !strings.Contains(err.Error(), "the table is not there") {
			t.Error(err)
		}
	})
}

// answers is a Caller that gives one answer after the other, the last one for ever.
type answers []abi.AWSResponse

func (a *answers) Call(context.Context, abi.AWSRequest) (abi.AWSResponse, abi.Errno) {
	answer := (*a)[0]
	if len(*a) > 1 {
		*a = (*a)[1:]
	}
	return answer, 0
}

func no(code, message string, again bool) abi.AWSResponse {
	return abi.AWSResponse{Error: &abi.AWSError{Code: code, Message: message, Retry: again}}
}

func TestErrors(t *testing.T) {
	write := store.Swap{Space: "s", Key: "k", Value: []byte("v")}
	for name, c := range map[string]struct {
		answers answers
		want    error
		says    string
	}{
		"a lost swap":           {answers{no("ConditionalCheckFailedException", "", false)}, store.ErrConflict, ""},
		"one lost of several":   {answers{no("TransactionCanceledException", "reasons [None, ConditionalCheckFailed]", false)}, store.ErrConflict, ""},
		"throttled, then taken": {answers{no("ThrottlingException", "", true), {Result: []byte("{}")}}, nil, ""},
		"two at the same time":  {answers{no("TransactionCanceledException", "[TransactionConflict]", false), {Result: []byte("{}")}}, nil, ""},
		"throttled for long":    {answers{no("ThrottlingException", "slow down", true)}, store.ErrFull, "slow down"},
		"not allowed":           {answers{no("AccessDeniedException", "no dynamodb:PutItem", false)}, nil, "no dynamodb:PutItem"},
	} {
		_, err := dynamodb.New(&c.answers, "t").Apply(context.Background(), storetest.Start, write)
		if c.want != nil && !errors.Is(err, c.want) || c.says == "" && c.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, want %q in it", name, err, c.says)
		}
	}
}
