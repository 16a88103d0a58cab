package extism_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/extism"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

func TestParseRequest(t *testing.T) {
	for _, tc := range []struct {
		name, meta, body string
		want             abi.HTTPRequest
		bad              bool
	}{
		{name: "all", meta: `{"url":"https://a/x","method":"POST","headers":{"A":"b"}}`, body: "text",
			want: abi.HTTPRequest{URL: "https://a/x", Method: "POST", Headers: map[string]string{"A": "b"}, Body: "text"}},
		{name: "least", meta: `{"url":"https://a"}`, want: abi.HTTPRequest{URL: "https://a", Method: "GET"}},
		{name: "an old PDK", meta: `{"url":"https://a","header":{"A":"b"}}`, want: abi.HTTPRequest{URL: "https://a", Method: "GET", Headers: map[string]string{"A": "b"}}},
		{name: "no text", meta: `{"url":"https://a"}`, body: "\xff\xfe", want: abi.HTTPRequest{URL: "https://a", Method: "GET", BodyBase64: "//4="}},
		{name: "no url", meta: `{}`, bad: true},
		{name: "no JSON", meta: `url`, bad: true},
		{name: "another shape", meta: `{"url":"https://a","headers":["A"]}`, bad: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := extism.ParseRequest([]byte(tc.meta), []byte(tc.body))
			if (err != nil) != tc.bad {
				t.Fatalf("error %v, want one: %v", err, tc.bad)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzParseRequest: what is taken is a request that the host takes, with the body's bytes.
func FuzzParseRequest(f *testing.F) {
	f.Add([]byte(`{"url":"https://a/x","method":"POST","headers":{"A":"b"}}`), []byte("text"))
	f.Add([]byte(`{"url":"x","header":{"é":"\u0000"}}`), []byte{0xff})
	f.Add([]byte(`[`), []byte(nil))
	f.Fuzz(func(t *testing.T, meta, body []byte) {
		r, err := extism.ParseRequest(meta, body)
		if err != nil {
			return
		}
		if r.URL == "" || r.Method == "" {
			t.Errorf("request %+v", r)
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := event.Check(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		got, err := extism.Body(abi.HTTPResponse{Body: r.Body, BodyBase64: r.BodyBase64})
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("body %q, %v; want %q", got, err, body)
		}
	})
}

// FuzzVar: a var comes back as it was kept, and what keeps it is JSON.
func FuzzVar(f *testing.F) {
	for _, s := range []string{"", "text", `{"base64":"eA=="}`, "\xff\x00", "\u2028\"\\"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		kept := extism.EncodeVar(value)
		if err := event.Check(kept); err != nil {
			t.Fatalf("%s: %v", kept, err)
		}
		if got := extism.DecodeVar(kept); !bytes.Equal(got, value) {
			t.Errorf("%q is kept as %s and comes back as %q", value, kept, got)
		}
		if event.Check(value) == nil {
			extism.DecodeVar(value) // what another wrote there
		}
	})
}

func TestSetting(t *testing.T) {
	config := []byte(`{"name":"ann","port":80,"list":[1, 2],"none":null,"empty":""}`)
	for name, want := range map[string]string{"name": "ann", "port": "80", "list": "[1, 2]", "none": "null", "empty": ""} {
		if got, ok := extism.Setting(config, name); !ok || string(got) != want {
			t.Errorf("%s is %q, %v; want %q", name, got, ok, want)
		}
	}
	if got, ok := extism.Setting(config, "other"); ok {
		t.Errorf("other is %q; want that it is not there", got)
	}
}

func TestChoose(t *testing.T) {
	for _, tc := range []struct {
		functions []string
		named     string
		want      string
	}{
		{[]string{"greet"}, "", "greet"},
		{[]string{"greet", "_start"}, "", "greet"},
		{[]string{"_start"}, "", "_start"},
		{[]string{"a", "deliver"}, "", "deliver"},
		{[]string{"a", "deliver"}, "a", "a"},
		{[]string{"a", "_start"}, "_start", "_start"},
		{[]string{"a", "b"}, "", ""},
		{[]string{"a"}, "b", ""},
	} {
		got, err := extism.Choose(tc.functions, tc.named)
		if got != tc.want || (err != nil) != (tc.want == "") {
			t.Errorf("Choose(%q, %q) = %q, %v; want %q", tc.functions, tc.named, got, err, tc.want)
		}
	}
}
