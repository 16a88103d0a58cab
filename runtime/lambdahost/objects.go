package lambdahost

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/tocsin-engine/tocsin/ingest/calls"
	"github.com/tocsin-engine/tocsin/ingest/jsonstream"
	payloads "github.com/tocsin-engine/tocsin/ingest/lambda"
	"github.com/tocsin-engine/tocsin/runtime/awsapi"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// callEvent is the event of a record of CloudTrail.
func callEvent(record []byte, defaults event.Fields) (event.Event, error) {
	defaults.ID = service.NewID()
	return calls.Event(record, defaults)
}

// S3Config is what an S3 works with. The zero value is ready for use.
type S3Config struct {
	// Endpoint is where S3 is, with the bucket in the path; "" is S3's own address.
	Endpoint string
	// Config reads the AWS configuration, once. Default: awsapi.Environment.
	Config func(ctx context.Context) (aws.Config, error)
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// S3 fetches with the function's own credentials. One signed GET is all that it needs of
// the AWS SDK's large client of S3.
type S3 struct {
	endpoint string
	config   func() (aws.Config, error)
	http     *http.Client
	now      func() time.Time
}

var _ Fetcher = (*S3)(nil)

// NewS3 makes an S3. The AWS configuration is read at the first fetch: who fetches
// nothing needs none, and waits for none.
func NewS3(c S3Config) *S3 {
	if c.Config == nil {
		c.Config = awsapi.Environment
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &S3{
		endpoint: c.Endpoint, now: c.Now,
		// Not a fetch's context: what is read serves all of them.
		config: sync.OnceValues(func() (aws.Config, error) { return c.Config(context.Background()) }),
		http:   &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
}

// emptyBody is the hash of no bytes, which a signed GET carries.
const emptyBody = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// maxError is how much of S3's answer to a refused request is shown.
const maxError = 500

// Fetch calls each with every record of a log file.
func (s *S3) Fetch(ctx context.Context, o payloads.Object, each func(record []byte) error) error {
	region := o.Region
	for range 2 {
		response, err := s.get(ctx, o, region)
		if err != nil {
			return err
		}
		if moved := response.Header.Get("X-Amz-Bucket-Region"); response.StatusCode == http.StatusMovedPermanently && moved != "" {
			response.Body.Close()
			region = moved
			continue
		}
		return records(response, each)
	}
	return errors.New("S3 sends it from region to region")
}

// get sends the signed request.
func (s *S3) get(ctx context.Context, o payloads.Object, region string) (*http.Response, error) {
	c, err := s.config()
	if err != nil {
		return nil, fmt.Errorf("the AWS configuration: %w", err)
	}
	region = cmp.Or(region, c.Region)
	target, err := s.address(o, region)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("X-Amz-Content-Sha256", emptyBody)
	credentials, err := c.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("the function's credentials: %w", err)
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }) // as S3 wants it
	if err := signer.SignHTTP(ctx, credentials, request, emptyBody, "s3", region, s.now()); err != nil {
		return nil, err
	}
	return s.http.Do(request)
}

// address is the object's URL. A name with a dot does not fit into S3's certificate, so
// such buckets stand in the path.
func (s *S3) address(o payloads.Object, region string) (string, error) {
	if o.Bucket == "" || o.Key == "" || strings.ContainsAny(o.Bucket, "/?#@:") {
		return "", fmt.Errorf("there is no object %q in a bucket %q", o.Key, o.Bucket)
	}
	key := (&url.URL{Path: "/" + o.Key}).EscapedPath()
	key = strings.ReplaceAll(key, "+", "%2B")
	if s.endpoint != "" {
		return strings.TrimSuffix(s.endpoint, "/") + "/" + o.Bucket + key, nil
	}
	if strings.Contains(o.Bucket, ".") {
		return "https://s3." + region + ".amazonaws.com/" + o.Bucket + key, nil
	}
	return "https://" + o.Bucket + ".s3." + region + ".amazonaws.com" + key, nil
}

// records reads S3's answer.
func records(response *http.Response, each func(record []byte) error) error {
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, err := io.ReadAll(io.LimitReader(response.Body, maxError))
		if err != nil {
			return err
		}
		return fmt.Errorf("S3 answers %s: %s", response.Status, bytes.TrimSpace(text))
	}
	stream, err := jsonstream.NewReader(response.Body)
	if err != nil {
		return err
	}
	for {
		record, err := stream.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := each(record); err != nil {
			return err
		}
	}
}
