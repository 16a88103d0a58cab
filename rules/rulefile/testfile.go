package rulefile

import (
	"time"

	"github.com/tocsin-engine/tocsin/rules/diag"
)

// TestFile is one *_test.yaml.
type TestFile struct {
	Name  string
	Tests []Test

	names []testName
}

// testName is a rule's or target's name that a test expects something of.
type testName struct {
	kind, name, path string
	at               diag.Pos
}

// Test is one named case. Each runs on an engine of its own.
type Test struct {
	Name string
	// Start is where the virtual clock begins. Default: 2026-01-01T00:00:00Z.
	Start time.Time
	// Steps in the order of their time, at least one. A test that is written without
	// `steps` is one step at the start.
	Steps []Step
	// Respond scripts what each target's recorder answers, delivery by delivery; after
	// the last one it answers OK.
	Respond map[string][]Response
	Pos     diag.Pos // of the name
}

// Step is one moment of a test: an event that comes in (or none), then what is expected
// once all that is due at that moment has been done.
type Step struct {
	// At is the time since the test's start. A step with `each` stands here once per
	// moment.
	At time.Duration
	// Event is the event's JSON as the file gives it: id, time, account and region may
	// be missing. Nil where the step has an EventFile or no event.
	Event []byte
	// EventFile is a path relative to the test file.
	EventFile string
	// With replaces members of the event.
	With []Override
	// Bus is the event bus that the event is on; "" means the default one.
	Bus string
	// Settle lets the clock run on until nothing is due any more, before the
	// expectations are looked at: so it is in a test that is written without `steps`.
	Settle bool
	// Times is how often the event is sent; at least 1 where there is an event.
	Times int
	// Match is exactly the rules that the step's event matches, sorted; nil expects
	// nothing, an empty list expects that no rule matches.
	Match []string
	// Deliver and Dead are what each target has got, and has given up, since the start
	// of the test. Nil expects nothing; a target that is not named must have got none.
	Deliver map[string]Want
	Dead    map[string]Want
	Pos     diag.Pos
}

// Override sets one member of a step's event.
type Override struct {
	// Path is the member: detail.items[0].price.
	Path string
	// Value is its JSON.
	Value []byte
	Pos   diag.Pos
}

// Want is what one target should have got.
type Want struct {
	// Count is how many deliveries.
	Count int
	// Inputs are the JSON values delivered, in order; nil where the file gives only the
	// count.
	Inputs [][]byte
	Pos    diag.Pos
}

// Response is what a target's recorder answers to one delivery.
type Response string

// The responses.
const (
	OK    Response = "ok"
	Again Response = "retry" // not now; may be tried again
	Fail  Response = "fail"  // never; a dead letter at once
)
