package rulefile

import (
	"time"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// wants is what targets should have got: a count, or the inputs themselves.
var wants = table{either{
	[]event.Kind{event.Number, event.Array},
	[]shape{integer{0, 1_000_000}, list{of: free{}}},
	"a number, or a list of inputs"}}

var eventFields = []field{
	{name: "event", of: testEvent{}, doc: "The event that comes in. id, time, account and region are filled in."},
	{name: "event_file", of: anyText{}, doc: "A JSON file with the event, relative to this file."},
	{name: "with", of: table{free{}}, doc: "Members of the event to replace, as {detail.errorCode: AccessDenied}."},
	{name: "bus", of: anyText{}, doc: "The event bus that the event is on. Default: default."},
	{name: "times", of: integer{1, 100_000}, doc: "How often the event comes in. Default: 1."},
	{name: "match", of: names, doc: "Exactly the rules that match the event."},
}

var deliverField = field{name: "deliver", of: wants, doc: "What the targets got since the start of the test: {target: [inputs]} or {target: count}. A target that is not named got nothing."}

var deadField = field{name: "dead", of: table{integer{0, 1_000_000}}, doc: "How many deliveries were given up since the start of the test: {target: count}."}

var expectObject = &object{name: "expect", doc: "What holds once all that is due at this moment has been done.", fields: []field{
	deliverField, deadField,
	{name: "alarms", later: true, of: free{}, doc: "The states of alarms."},
}}

var moment = duration{0, 366 * 24 * time.Hour}

var stepObject = &object{name: "step", doc: "One moment of a test.", fields: join([]field{
	{name: "at", of: moment, doc: "The time since the test's start, as 10m. Default: the time of the step before."},
	{name: "each", of: duration{time.Millisecond, 366 * 24 * time.Hour}, doc: "Repeat the step at this distance, between from and to."},
	{name: "from", of: moment, doc: "When an `each` begins. Default: 0m."},
	{name: "to", of: moment, doc: "When an `each` ends; the step at this moment is the last."},
}, eventFields, []field{
	{name: "expect", of: expectObject, doc: "What holds once all that is due at this moment has been done."},
	{name: "log", later: true, of: free{}, doc: "Log lines that come in."},
})}

var testObject = &object{name: "test", doc: "One case. It runs on an engine of its own.", fields: join([]field{
	{name: "name", required: true, of: anyText{}, doc: "What the rules should do, as a sentence."},
	{name: "start", of: timestamp{}, doc: "Where the virtual clock begins, as 2026-01-01T00:00:00Z, which is the default."},
}, eventFields, []field{
	deliverField, deadField,
	{name: "steps", of: list{of: stepObject, min: 1}, doc: "What happens at which moment."},
	{name: "respond", of: table{list{of: choice{"ok", "retry", "fail"}, min: 1}}, doc: "What a target answers to its deliveries, in order; after the last one it answers ok."},
})}

var testFileObject = &object{name: "file", doc: "Tests of the rules beside it.", fields: []field{
	{name: "version", required: true, missing: "R010", example: "1", of: version{}, doc: "The version of the format: 1."},
	{name: "tests", required: true, of: list{of: testObject, min: 1}, doc: "The cases."},
}}
