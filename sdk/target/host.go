package target

import (
	"encoding/base64"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// HostError is a host function that did not answer.
type HostError struct {
	// Call says what was asked, as "http POST https://…" or "aws sqs.SendMessage".
	Call  string
	Errno abi.Errno
}

func (e *HostError) Error() string { return e.Call + ": " + e.Errno.Error() }

// answer fetches what a host function answered with n, its result.
func answer(call string, n int32) (event.Value, error) {
	if n < 0 {
		return nil, &HostError{call, abi.Errno(-n)}
	}
	b := make([]byte, n)
	hostTake(b)
	return b, nil
}

// Debug writes a line to the target's log, as Info, Warn and Error do: a constant message
// and pairs of names and values.
func Debug(message string, pairs ...string) { hostLog(int32(abi.Debug), line(message, pairs)) }

// Info is for what a person wants to see when all is well; see Debug.
func Info(message string, pairs ...string) { hostLog(int32(abi.Info), line(message, pairs)) }

// Warn is for what was handled and may matter; see Debug.
func Warn(message string, pairs ...string) { hostLog(int32(abi.Warn), line(message, pairs)) }

// Error is for what a person must act on; see Debug.
func Error(message string, pairs ...string) { hostLog(int32(abi.Error), line(message, pairs)) }

func line(message string, pairs []string) []byte {
	o := NewObject().Text("message", message)
	for i := 0; i+1 < len(pairs); i += 2 {
		o.Text(pairs[i], pairs[i+1])
	}
	return o.JSON()
}

// Count adds to a counter of the target, as "messages_sent".
func Count(name string, by int64) {
	hostMetric(NewObject().Text("name", name).Int("value", by).JSON())
}

// Emit puts an event on the bus. Its source must be one that the manifest's needs.emit
// names. Detail is a JSON object.
func Emit(source, detailType string, detail event.Value) error {
	e := NewObject().Text("source", source).Text("detail-type", detailType).Value("detail", detail)
	if n := hostEmit(e.JSON()); n < 0 {
		return &HostError{"emit " + source, abi.Errno(-n)}
	}
	return nil
}

// AWSError is what an AWS service answered instead of a result.
type AWSError struct {
	// Call is the service and action, as "sqs.SendMessage".
	Call string
	// Code is the service's: "ResourceNotFoundException".
	Code, Message string
	// Retry says that the same call may succeed later.
	Retry bool
}

func (e *AWSError) Error() string { return "aws " + e.Call + ": " + e.Code + ": " + e.Message }

// AWS calls an action of an AWS service with the parameters of its API reference; the
// host signs and sends it, or answers it itself with `mode: local`. An error is an
// *AWSError when the service answered, and a *HostError when it did not.
func AWS(service, action string, params event.Value) (event.Value, error) {
	return AWSIn("", service, action, params)
}

// AWSIn is AWS in another region than the engine's.
func AWSIn(region, service, action string, params event.Value) (event.Value, error) {
	o := NewObject().Text("service", service).Text("action", action)
	if region != "" {
		o.Text("region", region)
	}
	call := service + "." + action
	v, err := answer("aws "+call, hostAWS(o.Value("params", params).JSON()))
	if err != nil {
		return nil, err
	}
	if e := v.Get("error"); e != nil {
		code, _ := e.Get("code").Text()
		message, _ := e.Get("message").Text()
		return nil, &AWSError{call, code, message, e.Get("retry").IsTrue()}
	}
	return v.Get("result"), nil
}

// Request is an HTTP request. Secret handles in its URL, headers and body are replaced
// by the host.
type Request struct {
	Method, URL string
	Headers     map[string]string
	Body        []byte
}

// Response is the answer to a Request.
type Response struct {
	Status int
	// Headers have lower-case names.
	Headers map[string]string
	Body    []byte
}

// HTTP sends a request to a host that the manifest's needs.http names. Redirects are
// followed while they stay among those. Every status is an answer, not an error; see
// Response.Err.
func HTTP(r Request) (Response, error) {
	o := NewObject().Text("method", r.Method).Text("url", r.URL)
	if len(r.Headers) > 0 {
		h := NewObject()
		for name, value := range r.Headers {
			h.Text(name, value)
		}
		o.Object("headers", h)
	}
	if utf8.Valid(r.Body) {
		o.Text("body", string(r.Body))
	} else {
		o.Text("body_base64", base64.StdEncoding.EncodeToString(r.Body))
	}
	v, err := answer("http "+r.Method+" "+r.URL, hostHTTP(o.JSON()))
	if err != nil {
		return Response{}, err
	}
	return response(v), nil
}

func response(v event.Value) Response {
	status, _ := v.Get("status").Float()
	r := Response{Status: int(status), Headers: map[string]string{}}
	for name, value := range v.Get("headers").Members() {
		r.Headers[name], _ = value.Text()
	}
	body, _ := v.Get("body").Text()
	r.Body = []byte(body)
	if coded, ok := v.Get("body_base64").Text(); ok {
		r.Body, _ = base64.StdEncoding.DecodeString(coded)
	}
	return r
}

// Err is nil for a 2xx status. 408, 425, 429 and 5xx are worth another attempt, every
// other status is final.
func (r Response) Err() error {
	if r.Status/100 == 2 {
		return nil
	}
	err := statusError(r.Status)
	if r.Status == 408 || r.Status == 425 || r.Status == 429 || r.Status >= 500 {
		return Retry(err)
	}
	return Fail("HTTP_"+strconv.Itoa(r.Status), err)
}

type statusError int

func (s statusError) Error() string { return "answered HTTP status " + strconv.Itoa(int(s)) }

// Secret returns a handle for a secret that the manifest's needs.secrets names. Put it
// into a Request where the secret belongs: the host replaces it on the way out. The
// value never enters the sandbox.
func Secret(name string) (handle string, err error) {
	v, err := answer("secret "+name, hostSecret(NewObject().Text("name", name).JSON()))
	return string(v), err
}

// Now is when this attempt started: the same for all of the attempt and in its replay.
func Now() time.Time { return time.UnixMilli(hostNow()).UTC() }

// Random fills b with bytes that depend on the delivery alone: the same in its replay.
func Random(b []byte) { hostRandom(b) }
