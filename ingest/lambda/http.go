package lambda

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Request is an HTTP request that came as a payload: from a function URL, from API
// Gateway in either of its formats, or from a load balancer.
type Request struct {
	HTTP *http.Request
	// Client is the address of who sent it.
	Client string

	form form
}

// form is how a request is written, and so its answer.
type form int

const (
	version2 form = iota // function URLs and API Gateway's HTTP APIs
	version1             // API Gateway's REST APIs
	balancer             // load balancers, one value a header
	balancerMulti
)

// readRequest reads an HTTP request; ok is false for what is none. Payloads of API
// Gateway's authorizers look like requests and are none.
func readRequest(v event.Value) (*Request, bool, error) {
	if v.Get("methodArn") != nil || v.Get("routeArn") != nil && v.Get("type") != nil {
		return nil, false, nil
	}
	context := v.Get("requestContext")
	q := &Request{}
	method, path, query := text(v.Get("httpMethod")), text(v.Get("path")), ""
	switch {
	case context.Get("http") != nil:
		method, path, query = text(context.Get("http", "method")), text(v.Get("rawPath")), text(v.Get("rawQueryString"))
		q.Client = text(context.Get("http", "sourceIp"))
	case method != "" && context.Get("elb") != nil:
		q.form = balancer
		if v.Get("multiValueHeaders") != nil {
			q.form = balancerMulti
		}
		query = encodedQuery(v)
	case method != "" && context != nil:
		q.form = version1
		query = decodedQuery(v)
		q.Client = text(context.Get("identity", "sourceIp"))
	default:
		return nil, false, nil
	}
	body := []byte(text(v.Get("body")))
	if v.Get("isBase64Encoded").IsTrue() {
		var err error
		if body, err = base64.StdEncoding.DecodeString(string(body)); err != nil {
			return nil, true, fmt.Errorf("the request's body is no base64: %w", err)
		}
	}
	return q, true, q.make(v, method, path, query, body)
}

// make builds the request that a server would have got.
func (q *Request) make(v event.Value, method, path, query string, body []byte) error {
	header := headers(v)
	target := &url.URL{Scheme: "https", Host: header.Get("Host"), RawQuery: query}
	if path == "" {
		path = "/"
	}
	unescaped, err := url.PathUnescape(path)
	if err != nil {
		return fmt.Errorf("the request's path: %w", err)
	}
	target.Path, target.RawPath = unescaped, path
	q.HTTP, err = http.NewRequest(method, target.String(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("the request: %w", err)
	}
	q.HTTP.Header, q.HTTP.Host = header, target.Host
	q.HTTP.RequestURI = target.RequestURI()
	if q.Client != "" {
		q.HTTP.RemoteAddr = q.Client + ":0"
	}
	return nil
}

// headers are the request's, from whichever member has all their values.
func headers(v event.Value) http.Header {
	h := http.Header{}
	for name, values := range v.Get("multiValueHeaders").Members() {
		for value := range values.Items() {
			h.Add(name, text(value))
		}
	}
	if len(h) == 0 {
		for name, value := range v.Get("headers").Members() {
			h.Set(name, text(value))
		}
	}
	var cookies []string
	for cookie := range v.Get("cookies").Items() {
		cookies = append(cookies, text(cookie))
	}
	if len(cookies) > 0 {
		h.Set("Cookie", strings.Join(cookies, "; "))
	}
	return h
}

// pairs are a query's names and values, from whichever member has all of them.
func pairs(v event.Value) [][2]string {
	var out [][2]string
	for name, values := range v.Get("multiValueQueryStringParameters").Members() {
		for value := range values.Items() {
			out = append(out, [2]string{name, text(value)})
		}
	}
	if out == nil {
		for name, value := range v.Get("queryStringParameters").Members() {
			out = append(out, [2]string{name, text(value)})
		}
	}
	return out
}

// encodedQuery is a load balancer's, which passes on what the client wrote.
func encodedQuery(v event.Value) string {
	var parts []string
	for _, p := range pairs(v) {
		parts = append(parts, p[0]+"="+p[1])
	}
	return strings.Join(parts, "&")
}

// decodedQuery is a REST API's, which decodes it.
func decodedQuery(v event.Value) string {
	values := url.Values{}
	for _, p := range pairs(v) {
		values.Add(p[0], p[1])
	}
	return values.Encode()
}

// Answer is the payload that answers the request. A body that is no text goes in base64.
func (q *Request) Answer(status int, header http.Header, body []byte) ([]byte, error) {
	content, encoded := string(body), false
	if !utf8.Valid(body) || header.Get("Content-Encoding") != "" {
		content, encoded = base64.StdEncoding.EncodeToString(body), true
	}
	single := map[string]string{}
	for name, values := range header {
		single[name] = strings.Join(values, ", ")
	}
	var answer any
	switch q.form {
	case version2:
		cookies := slices.Clone(header["Set-Cookie"])
		delete(single, "Set-Cookie")
		answer = events.APIGatewayV2HTTPResponse{
			StatusCode: status, Headers: single, Body: content, IsBase64Encoded: encoded, Cookies: cookies}
	case version1:
		answer = events.APIGatewayProxyResponse{
			StatusCode: status, MultiValueHeaders: header, Body: content, IsBase64Encoded: encoded}
	default:
		reply := events.ALBTargetGroupResponse{StatusCode: status, StatusDescription: fmt.Sprintf("%d %s", status, http.StatusText(status)),
			Body: content, IsBase64Encoded: encoded}
		if reply.Headers = single; q.form == balancerMulti {
			reply.Headers, reply.MultiValueHeaders = nil, header
		}
		answer = reply
	}
	return json.Marshal(answer)
}
