package awsapi

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/ingest/awswire"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/tracing"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// maxAnswer caps what is read of an answer.
const maxAnswer = 16 << 20

// ClientConfig is what a Client works with. Only Table is required.
type ClientConfig struct {
	// Table has the types of the operations that can be called.
	Table *service.Table
	// Config reads the AWS configuration, at the first call. Default: Environment.
	Config func(context.Context) (aws.Config, error)
	// Region is used where a call names none. Default: that of the AWS configuration.
	Region string
	// Endpoint is where all calls go. Default: that of the AWS configuration, or else each
	// service's own address in the region.
	Endpoint string
	// Credentials sign. Default: those of the AWS configuration.
	Credentials aws.CredentialsProvider
	// HTTP sends. Default: a client that follows no redirect.
	HTTP *http.Client
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Log gets a debug line for each call. Default: nowhere.
	Log hclog.Logger
}

// Client makes the signed calls of targets in `mode: aws`. Credentials stay in here.
// It tries once: trying again is the dispatcher's.
type Client struct {
	c    ClientConfig
	once sync.Once
	err  error
}

// NewClient makes a Client. The AWS configuration is read at the first call: who calls
// nothing needs none, and waits for none.
func NewClient(c ClientConfig) *Client {
	if c.Config == nil {
		c.Config = Environment
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = hclog.NewNullLogger()
	}
	c.Log = c.Log.Named("awsapi")
	return &Client{c: c}
}

// configure fills in what the AWS configuration says.
func (c *Client) configure() {
	if c.c.Region != "" && c.c.Endpoint != "" && c.c.Credentials != nil {
		return
	}
	// Not the call's context: what is read serves all calls.
	sdk, err := c.c.Config(context.Background())
	if err != nil {
		c.err = err
		return
	}
	c.c.Region = cmp.Or(c.c.Region, sdk.Region)
	if sdk.BaseEndpoint != nil {
		c.c.Endpoint = cmp.Or(c.c.Endpoint, *sdk.BaseEndpoint)
	}
	if c.c.Credentials == nil {
		c.c.Credentials = sdk.Credentials
	}
}

// Call makes one call. The caller has checked that it is allowed.
func (c *Client) Call(ctx context.Context, r abi.AWSRequest) (abi.AWSResponse, abi.Errno) {
	if c.once.Do(c.configure); c.err != nil {
		return failed("NoConfiguration", true, "read the AWS configuration: %v", c.err), 0
	}
	r.Region = cmp.Or(r.Region, c.c.Region)
	op, out, refused := c.encode(r)
	if refused != nil {
		return abi.AWSResponse{Error: refused}, 0
	}
	start := c.c.Now()
	answer, err := c.send(ctx, r, out)
	if err != nil {
		if ctx.Err() != nil {
			return abi.AWSResponse{}, abi.Timeout
		}
		return failed("Unreachable", true, "%v", err), 0
	}
	c.c.Log.Debug("called AWS", "service", r.Service, "action", r.Action, "region", r.Region, "status", answer.Status,
		"request", answer.Header.Get("X-Amzn-Requestid"), "took", c.c.Now().Sub(start))
	response := op.NewResponse()
	if err := awswire.DecodeResponse(r.Service, r.Action, answer, response); err != nil {
		return abi.AWSResponse{Error: answered(err)}, 0
	}
	return abi.AWSResponse{Result: awswire.EncodeJSON(response)}, 0
}

func failed(code string, again bool, format string, args ...any) abi.AWSResponse {
	return abi.AWSResponse{Error: &abi.AWSError{Code: code, Message: fmt.Sprintf(format, args...), Retry: again}}
}

// encode writes the call in the service's protocol.
func (c *Client) encode(r abi.AWSRequest) (op service.Operation, out awswire.Outgoing, refused *abi.AWSError) {
	op, ok := c.c.Table.Find(r.Service, r.Action)
	if !ok {
		return op, out, failed("UnknownOperation", false, "tocsin does not know how to call %s.%s", r.Service, r.Action).Error
	}
	if r.Region == "" {
		return op, out, failed("NoRegion", true, "in which region? set AWS_REGION, or start tocsin with --region").Error
	}
	if !regionShape.MatchString(r.Region) {
		return op, out, failed("InvalidRegion", false, "%q is no region; write one like eu-central-1", r.Region).Error
	}
	request := op.New()
	if err := awswire.DecodeJSON(r.Params, request); err != nil {
		return op, out, failed("SerializationException", false, "%v", err).Error
	}
	if name := lost(event.Value(r.Params), awswire.EncodeJSON(request)); name != "" {
		return op, out, failed("UnknownParameter", false, "tocsin does not know the parameter %s of %s.%s", name, r.Service, r.Action).Error
	}
	out, err := awswire.EncodeRequest(r.Service, r.Action, request)
	if err != nil {
		return op, out, failed("UnknownOperation", false, "%v", err).Error
	}
	return op, out, nil
}

// lost names a member that says something and is not in what will be sent: better no
// call than one that leaves out what the plugin asked for.
func lost(asked, sent event.Value) string {
	switch asked.Kind() {
	case event.Object:
		for name, v := range asked.Members() {
			switch string(v) {
			case "null", "false", "0", `""`, "[]", "{}":
				continue
			}
			there := sent.Get(name)
			if there == nil {
				return name
			}
			if inner := lost(v, there); inner != "" {
				return name + "." + inner
			}
		}
	case event.Array:
		var items []event.Value
		for v := range sent.Items() {
			items = append(items, v)
		}
		i := 0
		for v := range asked.Items() {
			if i == len(items) {
				return fmt.Sprint(i)
			}
			if inner := lost(v, items[i]); inner != "" {
				return fmt.Sprint(i, ".", inner)
			}
			i++
		}
	default: // a value in another spelling is the same value
	}
	return ""
}

// send signs and sends.
func (c *Client) send(ctx context.Context, r abi.AWSRequest, out awswire.Outgoing) (awswire.Answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address(r), bytes.NewReader(out.Body))
	if err != nil {
		return awswire.Answer{}, err
	}
	request.Header = out.Header.Clone()
	request.Header.Set("User-Agent", "tocsin")
	tracing.Set(ctx, request.Header) // the signer leaves it out, as AWS does
	credentials, err := c.c.Credentials.Retrieve(ctx)
	if err != nil {
		return awswire.Answer{}, fmt.Errorf("no AWS credentials to sign with: %w", err)
	}
	sum := sha256.Sum256(out.Body)
	err = v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(sum[:]), r.Service, r.Region, c.c.Now())
	if err != nil {
		return awswire.Answer{}, err
	}
	response, err := c.c.HTTP.Do(request)
	if err != nil {
		return awswire.Answer{}, err
	}
	defer func() { _ = response.Body.Close() }() // it was read
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = fmt.Errorf("the answer has more than %d bytes", maxAnswer)
	}
	return awswire.Answer{Status: response.StatusCode, Header: response.Header, Body: body}, err
}

// regionShape is what a region may look like. Plugins name regions, and they become part of
// the host that a signed call goes to.
var regionShape = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// address is where a service is in a region.
func (c *Client) address(r abi.AWSRequest) string {
	if c.c.Endpoint != "" {
		return strings.TrimSuffix(c.c.Endpoint, "/") + "/"
	}
	domain := "amazonaws.com"
	if strings.HasPrefix(r.Region, "cn-") {
		domain += ".cn"
	}
	return "https://" + r.Service + "." + r.Region + "." + domain + "/"
}

// passing are codes of errors that pass, beside those that the SDK knows.
var passing = map[string]bool{
	"ScalingActivityInProgress": true, "ResourceContention": true,
	"RequestTimeTooSkewed": true, "ExpiredToken": true, "ExpiredTokenException": true,
}

// answered is an error that AWS answered.
func answered(err error) *abi.AWSError {
	var e *awswire.Error
	if !errors.As(err, &e) {
		return &abi.AWSError{Code: "BadAnswer", Message: err.Error(), Retry: true}
	}
	_, throttled := retry.DefaultThrottleErrorCodes[e.Code]
	_, known := retry.DefaultRetryableErrorCodes[e.Code]
	again := e.Status >= 500 || e.Status == http.StatusTooManyRequests || throttled || known || passing[e.Code]
	if strings.Contains(e.Code, "Signature") || strings.Contains(e.Message, "Credential=") {
		// AWS repeats the headers that it could not verify, a session token among them.
		e.Message = "AWS does not accept the signature; look at this machine's credentials and clock"
	}
	return &abi.AWSError{Code: e.Code, Message: e.Message, Retry: again}
}
