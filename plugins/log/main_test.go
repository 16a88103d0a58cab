package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tocsin-engine/tocsin/sdk/target/targettest"
)

func TestWritesTheInput(t *testing.T) {
	host := targettest.New(t, `{"message": "order"}`)
	if failure := host.DeliverInput(`{"source":"shop"}`, `{"id": 7}`); failure != nil {
		t.Fatalf("the delivery failed: %v", failure)
	}
	want := []string{`{"message":"order","rule":"test-rule","input":"{\"id\":7}"}`}
	if diff := cmp.Diff(want, host.Logs); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func TestRefusesWhatItDoesNotKnow(t *testing.T) {
	_, problems := targettest.Configure(t, `{"level": "loud", "colour": "red"}`)
	var got []string
	for _, p := range problems {
		got = append(got, p.Path+" "+p.Message)
	}
	want := []string{
		"level is loud; write debug, info, warn or error",
		"colour is not known here; this plugin takes message, level",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}
