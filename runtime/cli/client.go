package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/tocsin-engine/tocsin/runtime/service"
)

// client talks to a server's own API (runtime/server/API.md).
type client struct {
	base   string
	http   *http.Client
	region string
	// keys are empty for a server without access keys.
	keys aws.Credentials
}

// newClient makes a client of the settings; nothing is sent yet.
func (a *app) newClient() (*client, error) {
	u, err := url.Parse(a.cfg.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, usagef("write --server like http://127.0.0.1:7575, not %q", a.cfg.URL)
	}
	c := &client{base: strings.TrimRight(a.cfg.URL, "/"), http: &http.Client{}, region: a.cfg.Region}
	c.keys.AccessKeyID, _ = a.env("TOCSIN_ACCESS_KEY")
	c.keys.SecretAccessKey, _ = a.env("TOCSIN_SECRET_KEY")
	if (c.keys.AccessKeyID == "") != (c.keys.SecretAccessKey == "") {
		return nil, usagef("set both TOCSIN_ACCESS_KEY and TOCSIN_SECRET_KEY, or none of them")
	}
	return c, nil
}

// apiError is an answer that is not what was asked for.
type apiError struct {
	Status  int    `json:"-"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (e *apiError) Error() string { return fmt.Sprintf("the server says %s: %s", e.Code, e.Message) }

// request makes a signed request; an answer of 400 and more is an *apiError.
func (c *client) request(ctx context.Context, method, path string, query url.Values, body []byte) (*http.Response, error) {
	resp, err := c.do(ctx, method, path, query, body, nil)
	if err != nil || resp.StatusCode < 400 {
		return resp, err
	}
	defer resp.Body.Close()
	return nil, refusalOf(resp)
}

// refusalOf is the error that an answer is.
func refusalOf(resp *http.Response) error {
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	return asAPIError(resp, text)
}

func (c *client) do(ctx context.Context, method, path string, query url.Values, body []byte, header http.Header) (*http.Response, error) {
	target := c.base + "/api/v1" + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, header)
	if err := c.sign(ctx, req, body); err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.explainFailure(ctx, err)
	}
	return resp, nil
}

func (c *client) sign(ctx context.Context, req *http.Request, body []byte) error {
	if c.keys.AccessKeyID == "" {
		return nil
	}
	sum := sha256.Sum256(body)
	return v4.NewSigner().SignHTTP(ctx, c.keys, req, hex.EncodeToString(sum[:]), "tocsin", c.region, time.Now())
}

// explainFailure says what to do about a server that does not answer.
func (c *client) explainFailure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if urlErr, ok := errors.AsType[*url.Error](err); ok {
		err = urlErr.Err
	}
	return fmt.Errorf("no server answers at %s (%w); tocsin run starts one, --server names another", c.base, err)
}

func asAPIError(resp *http.Response, text []byte) error {
	var answer struct {
		Error *apiError `json:"error"`
	}
	if json.Unmarshal(text, &answer) != nil || answer.Error == nil || answer.Error.Code == "" {
		return &apiError{resp.StatusCode, resp.Status, "that is not the answer of a tocsin server; is --server right?"}
	}
	answer.Error.Status = resp.StatusCode
	return answer.Error
}

// get reads a JSON answer.
func (c *client) get(ctx context.Context, path string, query url.Values, into any) error {
	resp, err := c.request(ctx, http.MethodGet, path, query, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return decode(resp.Body, into)
}

func decode(r io.Reader, into any) error {
	if err := json.NewDecoder(r).Decode(into); err != nil {
		return fmt.Errorf("the server's answer is no such JSON: %w", err)
	}
	return nil
}

// putAnswer is what the server says to events that were put in.
type putAnswer struct {
	Accepted int `json:"accepted"`
	Events   []struct {
		Index     int       `json:"index"`
		ID        string    `json:"id"`
		Duplicate bool      `json:"duplicate"`
		Matched   []string  `json:"matched"`
		Targets   int       `json:"targets"`
		Error     *apiError `json:"error"`
	} `json:"events"`
}

// attempts is how often a batch is sent to a server that has no room or is just
// restarting. The key makes a repetition harmless.
const attempts = 4

// put sends events, one a line.
func (c *client) put(ctx context.Context, bus string, lines []byte) (putAnswer, error) {
	header := http.Header{"Content-Type": {"application/x-ndjson"}, "Idempotency-Key": {service.NewID()}}
	query := url.Values{}
	if bus != "" {
		query.Set("bus", bus)
	}
	pause := 200 * time.Millisecond
	for n := 1; ; n++ {
		answer, err := c.putOnce(ctx, query, lines, header)
		var api *apiError
		again := err != nil && (!errors.As(err, &api) || api.Status == http.StatusServiceUnavailable)
		if !again || n == attempts {
			return answer, err
		}
		if err := sleep(ctx, pause); err != nil {
			return answer, err
		}
		pause *= 2
	}
}

func (c *client) putOnce(ctx context.Context, query url.Values, lines []byte, header http.Header) (putAnswer, error) {
	var answer putAnswer
	resp, err := c.do(ctx, http.MethodPost, "/events", query, lines, header)
	if err != nil {
		return answer, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer, err
	}
	// A 400 that lists the events is an answer too: none of them was accepted.
	if json.Unmarshal(text, &answer) == nil && len(answer.Events) > 0 {
		return answer, nil
	}
	if resp.StatusCode >= 400 {
		return answer, asAPIError(resp, text)
	}
	return answer, fmt.Errorf("the server's answer names no events: %.100q", text)
}

// sleep waits, or ends early with the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
