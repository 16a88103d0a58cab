package rulefile

import (
	"fmt"
	"time"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// PluginTest is one case of a plugin_test.yaml: an event for a plugin, what the world
// around it answers, and what it should do.
type PluginTest struct {
	Name string
	// Config, Event and Input are JSON. Config is {} and Input nil where the file gives
	// none; of the event, id, time, account and region may be missing.
	Config, Event, Input []byte
	// Now is what the plugin sees as the time. Default: TestStart.
	Now time.Time
	// Respond is what the plugin's http and aws calls get, in order. After the last one
	// they get success with nothing in it.
	Respond []PluginAnswer
	// Calls are the http, aws and emit calls that the plugin should make, in order; nil
	// expects nothing.
	Calls []PluginCall
	// Outcome is done, retry or fail; Code, where it is not "", the failure's.
	Outcome, Code string
	// Log are texts that its log lines should hold, in order.
	Log []string
	Pos diag.Pos // of the name
}

// PluginAnswer is one answer: of an HTTP server, of AWS, or the host's refusal.
type PluginAnswer struct {
	HTTP   *abi.HTTPResponse
	AWS    *abi.AWSResponse
	Refuse abi.Errno
	Pos    diag.Pos
}

// PluginCall is one call that should be made: the members named here, others may be what
// they like.
type PluginCall struct {
	Function string // "http", "aws", "emit"
	Want     []byte // JSON
	Pos      diag.Pos
}

// reasons are the refusals by their name in a test.
var reasons = map[string]abi.Errno{"denied": abi.Denied, "not_found": abi.NotFound, "bad_request": abi.BadRequest, "too_large": abi.TooLarge,
	"conflict": abi.Conflict, "busy": abi.Busy, "unavailable": abi.Unavailable, "timeout": abi.Timeout}

var answerObject = &object{name: "answer", doc: "What one call gets: an HTTP answer, an AWS result or error, or a refusal of the host.", fields: []field{
	{name: "status", of: integer{100, 599}, doc: "The status of an HTTP answer."},
	{name: "headers", of: table{anyText{}}, doc: "The headers of an HTTP answer."},
	{name: "body", of: free{}, doc: "The body of an HTTP answer: a text, or JSON."},
	{name: "result", of: anyObject{}, doc: "The result of an AWS call."},
	{name: "error", of: &object{name: "error", doc: "The error of an AWS call.", fields: []field{
		{name: "code", required: true, example: "ThrottlingException", of: anyText{}, doc: "The service's code."},
		{name: "message", of: anyText{}, doc: "What it says."},
		{name: "retry", of: boolean{}, doc: "Whether the same call may succeed later. Default: false."},
	}}, doc: "The error of an AWS call."},
	{name: "refuse", of: choice{"denied", "not_found", "bad_request", "too_large", "conflict", "busy", "unavailable", "timeout"}, doc: "Why the host does not make the call."},
}}

var callObject = &object{name: "call", doc: "One call that the plugin should make; members that are not named may be what they like.", fields: []field{
	{name: "http", of: anyObject{}, doc: "A request: method, url, headers, body. A body that is an object is compared as JSON."},
	{name: "aws", of: anyObject{}, doc: "An AWS call: service, action, region, params."},
	{name: "emit", of: anyObject{}, doc: "An event for the bus."},
}}

var pluginTestObject = &object{name: "test", doc: "One event for the plugin.", fields: []field{
	{name: "name", required: true, of: anyText{}, doc: "What the plugin should do, as a sentence."},
	{name: "config", of: anyObject{}, doc: "The target's config."},
	{name: "event", required: true, example: "{source: shop.orders, detail-type: OrderPlaced, detail: {}}", of: testEvent{}, doc: "The event. id, time, account and region are filled in."},
	{name: "input", of: free{}, doc: "What a rule file makes of the event."},
	{name: "now", of: timestamp{}, doc: "What the plugin sees as the time. Default: 2026-01-01T00:00:00Z."},
	{name: "respond", of: list{of: answerObject, min: 1}, doc: "What its http and aws calls get, in order; after that, success with nothing in it."},
	{name: "calls", of: list{of: callObject}, doc: "The http, aws and emit calls that it should make, in order."},
	{name: "outcome", of: choice{"done", "retry", "fail"}, doc: "What becomes of the delivery. Default: done."},
	{name: "code", of: anyText{}, doc: "The failure's code."},
	{name: "log", of: list{of: anyText{}, min: 1}, doc: "Texts that its log lines should hold, in order."},
}}

var pluginTestFileObject = &object{name: "file", doc: "Tests of the plugin beside it.", fields: []field{
	{name: "version", required: true, missing: "R010", example: "1", of: version{}, doc: "The version of the format: 1."},
	{name: "tests", required: true, of: list{of: pluginTestObject, min: 1}, doc: "The cases."},
}}

// ParsePluginTests reads one plugin_test.yaml.
func ParsePluginTests(file File) ([]PluginTest, diag.List) {
	r := read(file)
	var out []PluginTest
	if root := r.doc.Root; root == nil {
		if len(r.list) == 0 {
			r.find(diag.Pos{Line: 1, Column: 1, Length: 1}, "", "R010", "this file is empty", "begin it with  version: 1", "")
		}
	} else if pluginTestFileObject.check(r, root, "") {
		lines := map[string]int{}
		for i, v := range items(root, "tests") {
			t := r.pluginTest(v, item("tests", i))
			if line, twice := lines[t.Name]; twice {
				r.find(t.Pos, child(item("tests", i), "name"), "T004", "two tests have this name", "choose another name", fmt.Sprintf("the first is on line %d", line))
			}
			lines[t.Name] = t.Pos.Line
			out = append(out, t)
		}
	}
	list := r.settle()
	list.Sort()
	return out, list
}

// pluginTest reads one test, whose shape has been checked.
func (r *reading) pluginTest(v *source.Value, path string) PluginTest {
	t := PluginTest{Name: text(v, "name"), Config: []byte("{}"), Event: v.Get("event").AppendJSON(nil), Now: TestStart, Outcome: "done", Code: text(v, "code"),
		Log: strs(v, "log"), Pos: v.Get("name").Pos}
	if c := v.Get("config"); c != nil {
		t.Config = c.AppendJSON(nil)
	}
	if in := v.Get("input"); in != nil {
		t.Input = in.AppendJSON(nil)
	}
	if now, err := time.Parse(time.RFC3339, text(v, "now")); err == nil {
		t.Now = now.UTC()
	}
	if o := text(v, "outcome"); o != "" {
		t.Outcome = o
	}
	if t.Code != "" && t.Outcome == "done" {
		r.find(keyPos(v, "code"), child(path, "code"), "T002", "a code, and an outcome that is done", "add  outcome: fail", "")
	}
	for i, a := range items(v, "respond") {
		t.Respond = append(t.Respond, r.pluginAnswer(a, child(path, item("respond", i))))
	}
	if v.Get("calls") != nil {
		t.Calls = []PluginCall{}
	}
	for i, c := range items(v, "calls") {
		if len(c.Members) != 1 {
			r.find(c.Pos, child(path, item("calls", i)), "T002", "a call is of one function", "write {http: {…}}, {aws: {…}} or {emit: {…}}", "")
			continue
		}
		t.Calls = append(t.Calls, PluginCall{Function: c.Members[0].Name, Want: c.Members[0].Value.AppendJSON(nil), Pos: c.Pos})
	}
	return t
}

// pluginAnswer reads one answer, of one kind.
func (r *reading) pluginAnswer(v *source.Value, path string) PluginAnswer {
	a := PluginAnswer{Pos: v.Pos, Refuse: reasons[text(v, "refuse")]}
	kinds := 0
	if v.Get("status") != nil || v.Get("headers") != nil || v.Get("body") != nil {
		kinds++
		a.HTTP = httpAnswer(v)
	}
	if m := v.Get("result"); m != nil {
		kinds++
		a.AWS = &abi.AWSResponse{Result: m.AppendJSON(nil)}
	}
	if m := v.Get("error"); m != nil {
		kinds++
		retry := m.Get("retry")
		a.AWS = &abi.AWSResponse{Error: &abi.AWSError{Code: text(m, "code"), Message: text(m, "message"), Retry: retry != nil && retry.Text == "true"}}
	}
	if a.Refuse != 0 {
		kinds++
	}
	if kinds != 1 {
		r.find(v.Pos, path, "T002", "an answer is of one kind", "write {status: 503}, {result: {…}}, {error: {…}} or {refuse: busy}", "")
	}
	return a
}

func httpAnswer(v *source.Value) *abi.HTTPResponse {
	a := &abi.HTTPResponse{Status: 200, Headers: map[string]string{}}
	if n := number(v, "status"); n > 0 {
		a.Status = n
	}
	if h := v.Get("headers"); h != nil {
		for _, m := range h.Members {
			a.Headers[m.Name] = m.Value.Text
		}
	}
	if b := v.Get("body"); b != nil {
		a.Body = b.Text
		if b.Kind != event.String {
			a.Body = string(b.AppendJSON(nil))
		}
	}
	return a
}
