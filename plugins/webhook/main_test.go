package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/target/targettest"
)

const config = `{"url": "https://hooks.example.com/a", "headers": {"X-Team": "fraud"}}`

func TestSendsTheInput(t *testing.T) {
	host := targettest.New(t, config)
	if failure := host.DeliverInput(`{"source":"shop"}`, `{"id": 7}`); failure != nil {
		t.Fatalf("the delivery failed: %v", failure)
	}
	if got := len(host.Called("http")); got != 1 {
		t.Fatalf("%d requests, want 1", got)
	}
	var got abi.HTTPRequest
	host.HTTP = func(r abi.HTTPRequest) abi.HTTPResponse { got = r; return abi.HTTPResponse{Status: 204} }
	host.Deliver(`{"source":"shop"}`)
	want := abi.HTTPRequest{Method: "POST", URL: "https://hooks.example.com/a", Body: `{"source":"shop"}`,
		Headers: map[string]string{"content-type": "application/json", "x-team": "fraud"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestStatusDecides(t *testing.T) {
	for _, tc := range []struct {
		status int
		want   *abi.Failure
	}{
		{200, nil},
		{503, &abi.Failure{ID: "1", Retry: true, Error: "answered HTTP status 503"}},
		{429, &abi.Failure{ID: "1", Retry: true, Error: "answered HTTP status 429"}},
		{404, &abi.Failure{ID: "1", Error: "answered HTTP status 404", Code: "HTTP_404"}},
	} {
		host := targettest.New(t, config)
		host.HTTP = func(abi.HTTPRequest) abi.HTTPResponse { return abi.HTTPResponse{Status: tc.status, Body: "no"} }
		if diff := cmp.Diff(tc.want, host.Deliver(`{}`)); diff != "" {
			t.Errorf("status %d: failure (-want +got):\n%s", tc.status, diff)
		}
	}
}

func TestRefusedCallIsFinal(t *testing.T) {
	host := targettest.New(t, config)
	host.Refuse = map[string]abi.Errno{"http": abi.Denied}
	want := &abi.Failure{ID: "1", Error: "http POST https://hooks.example.com/a: not granted to this target"}
	if diff := cmp.Diff(want, host.Deliver(`{}`)); diff != "" {
		t.Errorf("failure (-want +got):\n%s", diff)
	}
}

func TestConfigProblems(t *testing.T) {
	_, problems := targettest.Configure(t, `{"url": "ftp://x", "method": "GET", "headers": {"a": 1}}`)
	if len(problems) != 3 {
		t.Errorf("%d problems, want 3: %v", len(problems), problems)
	}
}
