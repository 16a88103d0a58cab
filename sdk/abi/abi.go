// Package abi is version 1 of the contract between Tocsin and a target in its sandbox:
// the names, numbers and JSON shapes that both sides use. README.md beside this file is
// the normative text; this package is the same in Go, without a line of behaviour.
package abi

// Version is the ABI's version; a guest exports Marker to say it speaks it.
const Version = 1

// What a manifest's abi may be: a guest of this contract, a plain WASI command, or a plugin
// built with a PDK of Extism.
const (
	V1          = "v1"
	WASICommand = "wasi-command"
	Extism      = "extism"
)

// Names that a guest exports.
const (
	Memory     = "memory"
	Marker     = "abi_v1"
	Alloc      = "alloc"       // (len i32) -> ptr i32
	Handle     = "handle"      // (ptr, len i32) -> i64: ptr<<32 | len of the answer
	Init       = "init"        // optional; (ptr, len i32) -> i64: an InitResult's JSON or nothing
	Initialize = "_initialize" // optional; the language runtime's start
)

// Module is the import module of every host function.
const Module = "tocsin"

// Host functions: one per capability, so that a module's import list is its permission
// list. Those that answer return a length >= 0, to be fetched with Take, or a negative
// Errno.
const (
	Take     = "take"      // (ptr, len i32): copies the last answer
	Log      = "log"       // (level, ptr, len i32): a text or a LogLine's JSON
	Metric   = "metric"    // (ptr, len i32): a Count's JSON
	Emit     = "emit"      // (ptr, len i32) -> i32: an event's JSON, to the bus
	KVGet    = "kv_get"    // (ptr, len i32) -> i32: KVRequest -> the value's JSON
	KVPut    = "kv_put"    // (ptr, len i32) -> i32: KVRequest -> nothing
	KVDelete = "kv_delete" // (ptr, len i32) -> i32: KVRequest -> nothing
	KVList   = "kv_list"   // (ptr, len i32) -> i32: KVRequest -> KVKeys
	KVCAS    = "kv_cas"    // (ptr, len i32) -> i32: KVRequest -> nothing
	HTTP     = "http"      // (ptr, len i32) -> i32: HTTPRequest -> HTTPResponse
	AWS      = "aws"       // (ptr, len i32) -> i32: AWSRequest -> AWSResponse
	Now      = "now"       // () -> i64: the attempt's start, ms since 1970
	Random   = "random"    // (ptr, len i32): bytes seeded by the delivery id
	Secret   = "secret"    // (ptr, len i32) -> i32: SecretRequest -> a handle's text
)

// Errno is why a host function did not answer. Guests see it negated.
type Errno int32

// The reasons. A guest retries only Busy and Unavailable.
const (
	Denied      Errno = 1 // not granted to this target
	NotFound    Errno = 2 // no such key, secret, service or action
	BadRequest  Errno = 3 // the request's JSON is not what the function takes
	TooLarge    Errno = 4 // over a size limit or a quota
	Conflict    Errno = 5 // compare-and-swap: the value is another one
	Busy        Errno = 6 // over a rate limit; later it may pass
	Unavailable Errno = 7 // the other side did not answer
	Timeout     Errno = 8 // the attempt's deadline came first
)

var reasons = [...]string{"done", "not granted to this target", "there is no such thing",
	"the request is not what the function takes", "over a size limit or quota",
	"the value is another one by now", "over a rate limit, later it may pass",
	"the other side did not answer", "the deadline came first"}

// Error says the reason as the end of a sentence.
func (e Errno) Error() string {
	if e < 0 || int(e) >= len(reasons) {
		return "refused for a reason this version does not know"
	}
	return reasons[e]
}

// LogLevel is the first argument of Log.
type LogLevel int32

// The levels, as in hclog.
const (
	Debug LogLevel = 1
	Info  LogLevel = 2
	Warn  LogLevel = 3
	Error LogLevel = 4
)

// Batch is what Handle gets.
type Batch struct {
	V        int    `json:"v"` // 1
	Target   string `json:"target"`
	Delivery string `json:"delivery"` // unique to this attempt's deliveries, stable over its replays
	// DeadlineMS is how many milliseconds the call may take.
	DeadlineMS int64    `json:"deadline_ms"`
	Records    []Record `json:"records"`
}

// Record is one event for the target.
type Record struct {
	// ID names the record in the answer: unique in the batch.
	ID string `json:"id"`
	// Attempt counts from 1.
	Attempt int    `json:"attempt"`
	Rule    string `json:"rule"`
	// Event is the whole envelope, as it was received.
	Event RawJSON `json:"event"`
	// Input is what the rule file made of the event; left out when it shapes nothing,
	// and then the target acts on Event.
	Input RawJSON `json:"input,omitempty"`
}

// RawJSON is a JSON value as its bytes.
type RawJSON []byte

// MarshalJSON returns the bytes as they are.
func (r RawJSON) MarshalJSON() ([]byte, error) { return r, nil }

// UnmarshalJSON keeps a copy of the bytes.
func (r *RawJSON) UnmarshalJSON(b []byte) error { *r = append((*r)[:0], b...); return nil }

// Result is what Handle answers: {} means every record is done. A record not named is
// done. An answer that is no such JSON, or names an unknown record, fails the batch.
type Result struct {
	Failures []Failure `json:"failures,omitempty"`
}

// Failure is one record that the target did not take.
type Failure struct {
	ID string `json:"id"`
	// Retry asks for another attempt; without it the record is a dead letter at once.
	Retry bool   `json:"retry"`
	Error string `json:"error"`
	// Code becomes the dead letter's ERROR_CODE; "" means TARGET_ERROR.
	Code string `json:"code,omitempty"`
}

// InitResult is what Init answers when the config needs changes.
type InitResult struct {
	Problems []Problem `json:"problems,omitempty"`
}

// Problem is one thing to change in a target's config.
type Problem struct {
	// Path is relative to the config: "url", "headers.Accept", "" for all of it.
	Path string `json:"path"`
	// Message continues the path: "is missing; write a string".
	Message string `json:"message"`
}

// LogLine is a log text with data; its other members are shown as pairs.
type LogLine struct {
	Message string `json:"message"`
}

// Count is the argument of Metric: it adds Value to the target's counter Name.
type Count struct {
	Name  string `json:"name"` // [a-z][a-z0-9_]*, at most 64
	Value int64  `json:"value"`
}

// KVRequest is the argument of the kv functions; each reads the members it needs.
type KVRequest struct {
	Key    string  `json:"key,omitempty"`    // 1 to 512 bytes
	Prefix string  `json:"prefix,omitempty"` // of KVList
	Value  RawJSON `json:"value,omitempty"`  // of KVPut and KVCAS
	// Old is what KVCAS wants to find, byte for byte; left out: nothing.
	Old RawJSON `json:"old,omitempty"`
	// TTLMS is after how many milliseconds the value is gone; 0 keeps it.
	TTLMS int64 `json:"ttl_ms,omitempty"`
}

// KVKeys is the answer of KVList, in byte order.
type KVKeys struct {
	Keys []string `json:"keys"`
}

// SecretRequest is the argument of Secret.
type SecretRequest struct {
	Name string `json:"name"`
}

// SecretHandle is how a target's config names a secret. The guest sees an unguessable
// handle in its place, as Secret answers it, and the host replaces that by the value in the
// URL, headers and body of an HTTPRequest.
func SecretHandle(name string) string { return "{{secret:" + name + "}}" }

// AWSRequest is the argument of AWS.
type AWSRequest struct {
	// Service is the signing name, Action the operation's name in the service's model.
	Service string `json:"service"`
	Action  string `json:"action"`
	// Region "" means the engine's.
	Region string `json:"region,omitempty"`
	// Params is the request in the JSON shape of the service's model.
	Params RawJSON `json:"params"`
}

// AWSResponse is the answer of AWS. Either Result or Error is there.
type AWSResponse struct {
	Result RawJSON   `json:"result,omitempty"`
	Error  *AWSError `json:"error,omitempty"`
}

// AWSError is an error that the service answered.
type AWSError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	// Retry says that the same call may succeed later (throttling, 5xx).
	Retry bool `json:"retry"`
}

// HTTPRequest is the argument of HTTP.
type HTTPRequest struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
	// Body is text; BodyBase64 stands instead of it when the body is not UTF-8.
	Body       string `json:"body,omitempty"`
	BodyBase64 string `json:"body_base64,omitempty"`
}

// HTTPResponse is the answer of HTTP.
type HTTPResponse struct {
	Status int `json:"status"`
	// Headers have lower-case names; several of one name are joined with ", ".
	Headers    map[string]string `json:"headers,omitempty"`
	Body       string            `json:"body,omitempty"`
	BodyBase64 string            `json:"body_base64,omitempty"`
}

// Manifest describes a plugin: plugin.yaml beside its module.
type Manifest struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	// ABI is V1, WASICommand or Extism.
	ABI    string         `json:"abi"`
	Module ManifestModule `json:"module"`
	// Function is the export that an Extism plugin is called by.
	Function string `json:"function,omitempty"`
	// Needs is what the plugin asks for; the rule file's allow grants it. Same keys,
	// same units.
	Needs  Grants `json:"needs"`
	Limits Limits `json:"limits"`
}

// ManifestModule names the WASM file and its digest.
type ManifestModule struct {
	// Path is relative to the manifest.
	Path string `json:"path"`
	// SHA256 is the file's digest in hexadecimal; `tocsin plugin build` writes it.
	SHA256 string `json:"sha256"`
}

// Grants are the capabilities that reach outside the sandbox. log, metric, now and
// random are always there.
type Grants struct {
	// HTTP lists hosts, as "hooks.slack.com", "10.0.0.7:8080" or "*.example.com". In a
	// manifest, "$config.url" means the host of the target's own url.
	HTTP []string `json:"http,omitempty"`
	// AWS lists what may be called.
	AWS []AWSGrant `json:"aws,omitempty"`
	// KV is the quota of the target's key-value space in bytes; 0 means none.
	KV int64 `json:"kv,omitempty"`
	// Emit lists the sources that emitted events may have.
	Emit []string `json:"emit,omitempty"`
	// Secrets lists names.
	Secrets []string `json:"secrets,omitempty"`
}

// Names are the kinds of which the grant allows anything, by their keys.
func (g Grants) Names() []string {
	var names []string
	for _, kind := range []struct {
		name string
		any  bool
	}{{"aws", len(g.AWS) > 0}, {"emit", len(g.Emit) > 0}, {"http", len(g.HTTP) > 0}, {"kv", g.KV > 0}, {"secrets", len(g.Secrets) > 0}} {
		if kind.any {
			names = append(names, kind.name)
		}
	}
	return names
}

// AWSGrant allows some actions of one service on some resources.
type AWSGrant struct {
	Service string   `json:"service"`
	Actions []string `json:"actions"`
	// Resources are ARN patterns with *; none means every resource.
	Resources []string `json:"resources,omitempty"`
}

// Limits bound one attempt. Zero means the default.
type Limits struct {
	// Memory in bytes. Default: 32 MiB.
	Memory int64 `json:"memory,omitempty"`
	// TimeMS is the wall deadline in milliseconds. Default: 5,000.
	TimeMS int64 `json:"time_ms,omitempty"`
	// Fuel bounds loop turns and calls, deterministically; 0 means no bound.
	Fuel int64 `json:"fuel,omitempty"`
	// Output in bytes, of the answer. Default: 1 MiB.
	Output int64 `json:"output,omitempty"`
	// Log in bytes per attempt. Default: 64 KiB.
	Log int64 `json:"log,omitempty"`
}
