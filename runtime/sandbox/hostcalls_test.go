package sandbox_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// listener notes what reaches the machine around the sandbox.
type listener struct {
	recorder
	heard []string
}

func (l *listener) note(parts ...string) { l.heard = append(l.heard, strings.Join(parts, " ")) }

func (l *listener) Count(_ sandbox.Scope, name string, by int64) {
	l.note("count", name, string('0'+rune(by)))
}
func (l *listener) Denied(_ sandbox.Scope, f, what string) { l.note("denied", f, what) }
func (l *listener) Emit(_ context.Context, _ sandbox.Scope, event []byte) abi.Errno {
	l.note("emit", string(event))
	return 0
}
func (l *listener) HTTP(ctx context.Context, _ sandbox.Scope, r abi.HTTPRequest) (abi.HTTPResponse, abi.Errno) {
	if _, ok := ctx.Deadline(); !ok {
		l.note("no deadline")
	}
	l.note("http", r.Method, r.URL, r.Headers["authorization"], r.Body)
	return abi.HTTPResponse{Status: 200, Body: "fine"}, 0
}
func (l *listener) AWS(_ context.Context, _ sandbox.Scope, r abi.AWSRequest) (abi.AWSResponse, abi.Errno) {
	l.note("aws", r.Service, r.Action, string(r.Params))
	return abi.AWSResponse{Result: abi.RawJSON("{}")}, 0
}
func (l *listener) Secret(name string) (string, bool) { return `se"cret`, name == "TOKEN" }
func (l *listener) KV(_ context.Context, _ sandbox.Scope, f string, r abi.KVRequest) ([]byte, abi.Errno) {
	l.note(f, r.Key, string(r.Old), string(r.Value))
	switch f {
	case abi.KVGet:
		return []byte(`{"n":1}`), 0
	case abi.KVList:
		return []byte(`{"keys":["a"]}`), 0
	}
	return nil, 0
}

func caller(t *testing.T, config string, g abi.Grants) (*sandbox.Target, *listener, error) {
	t.Helper()
	m, err := sandboxtest.Host(t).Compile(t.Context(), sandboxtest.Guest(t, "testdata/guests/caller"), "caller")
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{}
	target, err := m.NewTarget(t.Context(), sandbox.TargetConfig{Name: "t", Config: []byte(config), Host: l, Grants: g})
	return target, l, err
}

var everything = abi.Grants{
	HTTP: []string{"a.example", "$config.url"}, KV: 1 << 20, Emit: []string{"shop.*"}, Secrets: []string{"TOKEN"},
	AWS: []abi.AWSGrant{{Service: "sqs", Actions: []string{"Send*"}, Resources: []string{"arn:aws:sqs:*:000000000000:orders"}}},
}

func TestHostCalls(t *testing.T) {
	for _, tc := range []struct {
		f, arg string
		want   []string
		errors string
	}{
		{"aws", "SendMessage", []string{`aws sqs SendMessage {"QueueUrl":"http://h/000000000000/orders"}`}, ""},
		{"aws", "DeleteQueue", []string{"denied aws sqs.DeleteQueue"}, "aws sqs.DeleteQueue: not granted"},
		{"http", "https://b.example/", []string{"http POST https://b.example/  {}"}, ""},
		{"emit", "shop.fraud", []string{`emit {"source":"shop.fraud","detail-type":"Test","detail":{}}`}, ""},
		{"emit", "aws.ec2", []string{"denied emit aws.ec2"}, "emit aws.ec2: not granted"},
		{"count", "sent", []string{"count sent 2"}, ""},
		{"count", "Not a name", nil, ""},
		{"kv", "a", []string{`kv_put a  {"n":1}`, "kv_get a  ", `kv_cas a {"n":1} 2`, "kv_list   ", "kv_delete a  "}, ""},
		{"kv", strings.Repeat("k", 513), nil, "the request is not what the function takes"},
		{"secret", "plain", []string{`http POST https://a.example/ Bearer se"cret plain`}, ""},
		{"config", "", []string{"http POST https://c.example/x  "}, ""},
		// Names that a path would lead elsewhere are names like any other.
		{"secret named", "../TOKEN", []string{"denied secret ../TOKEN"}, "secret ../TOKEN: not granted"},
		{"secret named", "TOKEN/../OTHER", []string{"denied secret TOKEN/../OTHER"}, "not granted"},
		{"emit", "../aws.ec2", []string{"denied emit ../aws.ec2"}, "not granted"},
		{"kv", "../u/a", []string{`kv_put ../u/a  {"n":1}`, "kv_get ../u/a  ", `kv_cas ../u/a {"n":1} 2`, "kv_list   ", "kv_delete ../u/a  "}, ""},
	} {
		t.Run(tc.f+" "+tc.arg[:min(len(tc.arg), 12)], func(t *testing.T) {
			target, l, err := caller(t, `{"url":"https://c.example/x"}`, everything)
			if err != nil {
				t.Fatal(err)
			}
			c := batch("")
			c.Batch.Records[0].Event = abi.RawJSON(`{"calls":[{"f":"` + tc.f + `","arg":"` + tc.arg + `"}]}`)
			result, _, err := target.Call(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, l.heard); diff != "" {
				t.Errorf("the host heard (-want +got):\n%s", diff)
			}
			switch {
			case tc.errors == "" && len(result.Failures) > 0:
				t.Errorf("the guest failed: %v", result.Failures)
			case tc.errors != "" && (len(result.Failures) != 1 || !strings.Contains(result.Failures[0].Error, tc.errors)):
				t.Errorf("the guest answered %v, want an error with %q", result.Failures, tc.errors)
			}
		})
	}
}

func TestSecretsStayOutside(t *testing.T) {
	target, l, err := caller(t, `{"url":"https://a.example/{{secret:TOKEN}}"}`, everything)
	if err != nil {
		t.Fatal(err)
	}
	c := batch("")
	// An event that spells out a secret's name must not get its value into a request.
	c.Batch.Records[0].Event = abi.RawJSON(`{"calls":[{"f":"secret","arg":"{{secret:TOKEN}}"},{"f":"config"}]}`)
	if _, _, err := target.Call(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`http POST https://a.example/ Bearer se"cret {{secret:TOKEN}}`,
		"http POST https://a.example/se%22cret  ",
	}
	if diff := cmp.Diff(want, l.heard); diff != "" {
		t.Errorf("the host heard (-want +got):\n%s", diff)
	}
}

func TestImportsNeedGrants(t *testing.T) {
	for missing, g := range map[string]abi.Grants{
		"allow.http":    {KV: 1, Emit: []string{"x"}, Secrets: []string{"x"}, AWS: []abi.AWSGrant{{}}},
		"allow.kv":      {HTTP: []string{"x"}, Emit: []string{"x"}, Secrets: []string{"x"}, AWS: []abi.AWSGrant{{}}},
		"allow.secrets": {HTTP: []string{"x"}, Emit: []string{"x"}, KV: 1, AWS: []abi.AWSGrant{{}}},
	} {
		_, _, err := caller(t, "", g)
		if err == nil || !strings.Contains(err.Error(), "add "+missing) {
			t.Errorf("error %v, want one that says add %s", err, missing)
		}
	}
}
