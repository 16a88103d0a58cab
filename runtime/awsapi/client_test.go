package awsapi

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

type sendRequest struct {
	QueueURL string            `json:"QueueUrl"`
	Entries  []sendEntry       `json:"Entries,omitempty"`
	Options  map[string]string `json:"Options,omitempty"`
	Delay    int               `json:"Delay,omitempty"`
}

type sendEntry struct {
	ID string `json:"Id"`
}

type sendResponse struct {
	MessageID string `json:"MessageId"`
}

// callable has one call of a JSON service and one of a query service.
var callable = service.NewTable([]service.Operation{
	service.Op("sqs", "SendMessage", func(context.Context, service.Caller, *sendRequest) (*sendResponse, error) { return nil, nil }),
	service.Op("sns", "Publish", func(context.Context, service.Caller, *sendRequest) (*sendResponse, error) { return nil, nil }),
})

var someone = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKIAONE", SecretAccessKey: "secret", SessionToken: "session"}, nil
})

// calling makes a client of a server that answers everything with handler.
func calling(t *testing.T, handler http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return NewClient(ClientConfig{Table: callable, Region: "eu-west-1", Endpoint: server.URL, Credentials: someone})
}

func send(name, params string) abi.AWSRequest {
	action := map[string]string{"sqs": "SendMessage", "sns": "Publish"}[name]
	return abi.AWSRequest{Service: name, Action: action, Params: abi.RawJSON(params)}
}

func TestCallSigns(t *testing.T) {
	var got *http.Request
	c := calling(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		_, _ = w.Write([]byte(`{"MessageId":"m1"}`))
	})
	r := send("sqs", `{"QueueUrl":"u"}`)
	r.Region = "us-west-2"
	answer, errno := c.Call(t.Context(), r)
	if errno != 0 || string(answer.Result) != `{"MessageId":"m1"}` {
		t.Fatalf("answer %s %+v, errno %d", answer.Result, answer.Error, errno)
	}
	auth := got.Header.Get("Authorization")
	if !strings.Contains(auth, "Credential=AKIAONE/") || !strings.Contains(auth, "/us-west-2/sqs/aws4_request") || got.Header.Get("X-Amz-Security-Token") != "session" {
		t.Errorf("headers %v", got.Header)
	}
}

func TestAnswersThatAreErrors(t *testing.T) {
	xml := `<ErrorResponse><Error><Type>Sender</Type><Code>NotFound</Code><Message>Topic does not exist</Message></Error></ErrorResponse>`
	for _, tc := range []struct {
		name   string
		status int
		body   string
		want   abi.AWSError
	}{
		{"sqs", 400, `{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no"}`, abi.AWSError{Code: "QueueDoesNotExist", Message: "no"}},
		{"sns", 404, xml, abi.AWSError{Code: "NotFound", Message: "Topic does not exist"}},
		{"sqs", 400, `{"__type":"RequestThrottled","message":"slow"}`, abi.AWSError{Code: "RequestThrottled", Message: "slow", Retry: true}},
		{"sqs", 400, `{"__type":"ThrottlingException","message":"slow"}`, abi.AWSError{Code: "ThrottlingException", Message: "slow", Retry: true}},
		{"sqs", 400, `{"__type":"ExpiredTokenException","message":"old"}`, abi.AWSError{Code: "ExpiredTokenException", Message: "old", Retry: true}},
		{"sqs", 500, `{"__type":"InternalFailure","message":"oh"}`, abi.AWSError{Code: "InternalFailure", Message: "oh", Retry: true}},
		{"sqs", 503, `<html>`, abi.AWSError{Code: "Service Unavailable", Retry: true}},
		{"sqs", 302, ``, abi.AWSError{Code: "Found"}},
		{"sqs", 403, `{"__type":"SignatureDoesNotMatch","message":"x-amz-security-token:session"}`,
			abi.AWSError{Code: "SignatureDoesNotMatch", Message: "AWS does not accept the signature; look at this machine's credentials and clock"}},
	} {
		c := calling(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(tc.status)
			_, _ = w.Write([]byte(tc.body))
		})
		answer, errno := c.Call(t.Context(), send(tc.name, `{}`))
		if errno != 0 || answer.Error == nil || *answer.Error != tc.want {
			t.Errorf("%d %s = %+v (errno %d), want %+v", tc.status, tc.body, answer.Error, errno, tc.want)
		}
	}
}

func TestCallsThatDoNotGetThrough(t *testing.T) {
	ok := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) }
	nobody := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, errors.New("no file")
	})
	for _, tc := range []struct {
		name   string
		change func(*ClientConfig)
		r      abi.AWSRequest
		want   abi.AWSError
	}{
		{"credentials", func(c *ClientConfig) { c.Credentials = nobody }, send("sqs", `{}`), abi.AWSError{Code: "Unreachable", Message: "no AWS credentials to sign with: no file", Retry: true}},
		{"operation", func(*ClientConfig) {}, abi.AWSRequest{Service: "s3", Action: "PutObject", Params: abi.RawJSON(`{}`)}, abi.AWSError{Code: "UnknownOperation", Message: "tocsin does not know how to call s3.PutObject"}},
		{"type", func(*ClientConfig) {}, send("sqs", `{"Delay":"x"}`), abi.AWSError{Code: "SerializationException"}},
		{"parameter", func(*ClientConfig) {}, send("sqs", `{"Entries":[{"Id":"1"},{"Id":"2","Colour":"red"}]}`), abi.AWSError{Code: "UnknownParameter", Message: "tocsin does not know the parameter Entries.1.Colour of sqs.SendMessage"}},
		{"region", func(*ClientConfig) {}, abi.AWSRequest{Service: "sqs", Action: "SendMessage", Region: "../b.example/", Params: abi.RawJSON(`{}`)},
			abi.AWSError{Code: "InvalidRegion", Message: `"../b.example/" is no region; write one like eu-central-1`}},
	} {
		c := calling(t, ok)
		tc.change(&c.c)
		answer, errno := c.Call(t.Context(), tc.r)
		if tc.want.Message == "" && answer.Error != nil {
			tc.want.Message = answer.Error.Message
		}
		if errno != 0 || answer.Error == nil || *answer.Error != tc.want {
			t.Errorf("%s = %+v (errno %d), want %+v", tc.name, answer.Error, errno, tc.want)
		}
	}
	c := NewClient(ClientConfig{Table: callable, Region: "eu-west-1", Endpoint: "http://127.0.0.1:1", Credentials: someone})
	if answer, errno := c.Call(t.Context(), send("sqs", `{}`)); errno != 0 || answer.Error == nil || answer.Error.Code != "Unreachable" || !answer.Error.Retry {
		t.Errorf("nobody listens: %+v, errno %d", answer.Error, errno)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, errno := c.Call(over, send("sqs", `{}`)); errno != abi.Timeout {
		t.Errorf("after the deadline: errno %d, want %d", errno, abi.Timeout)
	}
}

// TestRegionsAreNoHosts: a plugin that names a region does not choose where a signed call goes.
func TestRegionsAreNoHosts(t *testing.T) {
	c := NewClient(ClientConfig{Table: callable, Region: "eu-west-1", Credentials: someone, HTTP: &http.Client{Transport: transport(func(r *http.Request) {
		t.Errorf("a call went to %s", r.URL)
	})}})
	for _, region := range []string{"b.example/", "b.example#", "b.example?", "@b.example", "x@b.example/", "x.b.example", "x:8080/", "..", "../x", "-x", "x-", "X", "é", " ", "x\n"} {
		r := send("sqs", `{}`)
		r.Region = region
		if answer, _ := c.Call(t.Context(), r); answer.Error == nil || answer.Error.Code != "InvalidRegion" {
			t.Errorf("region %q: %+v", region, answer.Error)
		}
	}
}

type transport func(*http.Request)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) {
	f(r)
	return nil, errors.New("there is no network here")
}

func TestZeroParametersAreNoLoss(t *testing.T) {
	c := calling(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) })
	if answer, _ := c.Call(t.Context(), send("sqs", `{"QueueUrl":"u","Delay":0,"Options":{},"Colour":null,"Entries":[]}`)); answer.Error != nil {
		t.Errorf("refused: %+v", answer.Error)
	}
}

func TestAddress(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-1": "https://sqs.eu-west-1.amazonaws.com/", "cn-north-1": "https://sqs.cn-north-1.amazonaws.com.cn/",
	} {
		if got := new(Client).address(abi.AWSRequest{Service: "sqs", Region: region}); got != want {
			t.Errorf("%s: %s, want %s", region, got, want)
		}
	}
}

func TestConfigurationOfTheMachine(t *testing.T) {
	t.Setenv("AWS_REGION", "ap-south-1")
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1/")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	c := NewClient(ClientConfig{Table: callable})
	c.once.Do(c.configure)
	credentials, err := c.c.Credentials.Retrieve(t.Context())
	if err != nil || credentials.AccessKeyID != "AKIAENV" || c.c.Region != "ap-south-1" || c.address(abi.AWSRequest{}) != "http://127.0.0.1:1/" {
		t.Errorf("configuration %+v, credentials of %s, %v", c.c, credentials.AccessKeyID, err)
	}
}

func FuzzLost(f *testing.F) {
	f.Add(`{"a":[{"b":1}]}`)
	f.Add(`{"a":{"":null},"b":[[]]}`)
	f.Fuzz(func(t *testing.T, text string) {
		r := abi.AWSRequest{Service: "sqs", Action: "SendMessage", Params: abi.RawJSON(text), Region: "r"}
		_, out, refused := NewClient(ClientConfig{Table: callable}).encode(r)
		if refused == nil && len(out.Body) == 0 {
			t.Errorf("%s is neither sent nor refused", text)
		}
	})
}
