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
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/tocsin-engine/tocsin/ingest/calls"
	"github.com/tocsin-engine/tocsin/ingest/jsonstream"
	payloads "github.com/tocsin-engine/tocsin/ingest/lambda"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// callEvent is the event of a record of CloudTrail.
func callEvent(record []byte, defaults event.Fields) (event.Event, error) {
	defaults.ID = service.NewID()
	return calls.Event(record, defaults)
}

// S3 fetches with the function's own credentials. The AWS SDK's client of S3 is twice as
// big as this program; one signed GET needs none of it.
type S3 struct {
	// Endpoint is where S3 is, with the bucket in the path; "" is S3's own address.
	Endpoint string
	// Config is the AWS configuration. Default: that of the environment.
	Config func(ctx context.Context) (aws.Config, error)
	// HTTP sends. Default: http.DefaultClient.
	HTTP *http.Client
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

var _ Fetcher = (*S3)(nil)

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
	load := s.Config
	if load == nil {
		load = func(ctx context.Context) (aws.Config, error) { return config.LoadDefaultConfig(ctx) }
	}
	c, err := load(ctx)
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
	now := s.Now
	if now == nil {
		now = time.Now
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }) // as S3 wants it
	if err := signer.SignHTTP(ctx, credentials, request, emptyBody, "s3", region, now()); err != nil {
		return nil, err
	}
	client := cmp.Or(s.HTTP, &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }})
	return client.Do(request)
}

// address is the object's URL. A name with a dot does not fit into S3's certificate, so
// such buckets stand in the path.
func (s *S3) address(o payloads.Object, region string) (string, error) {
	if o.Bucket == "" || o.Key == "" || strings.ContainsAny(o.Bucket, "/?#@:") {
		return "", fmt.Errorf("there is no object %q in a bucket %q", o.Key, o.Bucket)
	}
	key := (&url.URL{Path: "/" + o.Key}).EscapedPath()
	key = strings.ReplaceAll(key, "+", "%2B")
	if s.Endpoint != "" {
		return strings.TrimSuffix(s.Endpoint, "/") + "/" + o.Bucket + key, nil
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
