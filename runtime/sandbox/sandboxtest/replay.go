package sandboxtest

import (
	"testing"

	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/recording"
)

// Replayed wants a recording, read from its text, to be the same call again.
func Replayed(t testing.TB, m *sandbox.Module, r *recording.Recording) {
	t.Helper()
	text, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	read, err := recording.Parse(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	again, err := m.Replay(t.Context(), read)
	if err != nil {
		t.Errorf("replay: %v\n%s", err, text)
		return
	}
	if d := recording.Compare(read, again); d != nil {
		t.Errorf("replay: another %s: wanted %s, got %s\n%s", d.What, d.Wanted, d.Got, text)
	}
}
