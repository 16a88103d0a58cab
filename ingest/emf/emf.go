package emf

import (
	"bytes"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/metrics"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// The limits of a message, beside those of a datum.
const (
	// MaxDefinitions is how many metrics one directive may define.
	MaxDefinitions = 100
	// MaxSamples is how long the list of a metric's values may be.
	MaxSamples = 100
	// MaxData bounds what one message makes: its directives times their dimension sets
	// times their metrics. AWS names no such limit; a message of 1 MB could make millions.
	MaxData = 10_000
)

// Result is what a log event's message carries.
type Result struct {
	Data []metrics.Datum
	// Parsing and Validation say what is wrong, a sentence each: their lengths are
	// EMFParsingErrors and EMFValidationErrors.
	Parsing, Validation []string
}

// Is says whether a message may be EMF: a JSON object with "_aws" in it. It is cheap,
// for most log events are not.
func Is(message []byte) bool {
	message = bytes.TrimLeft(message, " \t\r\n")
	return len(message) > 0 && message[0] == '{' && bytes.Contains(message, []byte(`"_aws"`))
}

// Read reads the metrics of a log event's message, received at now. declared says that
// its sender called it EMF (x-amzn-logs-format: json/emf), so that a message without
// metrics is an error. A message that is no EMF has an empty Result.
func Read(message []byte, declared bool, now time.Time) Result {
	r := reader{now: now}
	if !declared && !Is(message) {
		return r.Result
	}
	message = bytes.TrimSpace(message)
	if err := event.Check(message); err != nil {
		r.parsing("the message is not JSON that is taken here: %v", err)
		return r.Result
	}
	meta := event.Value(message).Get("_aws")
	directives := meta.Get("CloudWatchMetrics")
	if directives.Kind() == event.Missing && !declared {
		return r.Result // some other program's _aws
	}
	if directives.Kind() != event.Array {
		r.parsing("_aws.CloudWatchMetrics is a list, not %s", directives.Kind())
		return r.Result
	}
	if r.time(meta.Get("Timestamp")) {
		r.root = maps.Collect(event.Value(message).Members())
		n := 0
		for d := range directives.Items() {
			r.directive(d, "_aws.CloudWatchMetrics["+strconv.Itoa(n)+"]")
			n++
		}
	}
	return r.Result
}

// reader is one message on its way.
type reader struct {
	Result
	// root is the message's members: hundreds of definitions may refer to them.
	root map[string]event.Value
	now  time.Time
	at   time.Time
	// made counts the data, the invalid ones too.
	made int
}

func (r *reader) parsing(format string, args ...any) {
	r.Parsing = append(r.Parsing, fmt.Sprintf(format, args...))
}

func (r *reader) invalid(format string, args ...any) {
	r.Validation = append(r.Validation, fmt.Sprintf(format, args...))
}

// time reads when the metrics were measured.
func (r *reader) time(v event.Value) bool {
	millis, err := strconv.ParseInt(string(v), 10, 64)
	if v.Kind() != event.Number || err != nil {
		r.parsing("_aws.Timestamp is a whole number of milliseconds since 1970, not %s", v.Kind())
		return false
	}
	r.at = time.UnixMilli(millis).UTC()
	return true
}

// directive reads one of _aws.CloudWatchMetrics: its metrics in each of its dimension sets.
func (r *reader) directive(v event.Value, at string) {
	if v.Kind() != event.Object {
		r.parsing("%s is an object, not %s", at, v.Kind())
		return
	}
	namespace, ok := v.Get("Namespace").Text()
	sets, definitions := v.Get("Dimensions"), v.Get("Metrics")
	switch {
	case !ok:
		r.parsing("%s.Namespace is a string, not %s", at, v.Get("Namespace").Kind())
		return
	case sets.Kind() != event.Array:
		r.parsing("%s.Dimensions is a list of lists of names, not %s", at, sets.Kind())
		return
	case definitions.Kind() != event.Array:
		r.parsing("%s.Metrics is a list, not %s", at, definitions.Kind())
		return
	}
	var found metrics.Findings
	if metrics.ValidateNamespace(&found, namespace); found.Err() != nil {
		r.invalid("%s: %s", at, found.Err().Message)
		return
	}
	dimensions := r.dimensions(sets, at+".Dimensions")
	n := 0
	for definition := range definitions.Items() {
		if n == MaxDefinitions {
			r.invalid("%s.Metrics has more than %d metrics; those after them are left out", at, MaxDefinitions)
			return
		}
		r.definition(definition, namespace, dimensions, at+".Metrics["+strconv.Itoa(n)+"]")
		n++
	}
}

// dimensions reads the dimension sets, and what each name stands for. An empty list is one
// set without dimensions.
func (r *reader) dimensions(sets event.Value, at string) [][]metrics.Dimension {
	var all [][]metrics.Dimension
	n := 0
	for set := range sets.Items() {
		if dimensions, ok := r.dimensionSet(set, at+"["+strconv.Itoa(n)+"]"); ok {
			all = append(all, dimensions)
		}
		n++
	}
	if n == 0 {
		return [][]metrics.Dimension{nil}
	}
	return all
}

func (r *reader) dimensionSet(set event.Value, at string) ([]metrics.Dimension, bool) {
	if set.Kind() != event.Array {
		r.parsing("%s is a list of names, not %s", at, set.Kind())
		return nil, false
	}
	var dimensions []metrics.Dimension
	for item := range set.Items() {
		name, ok := item.Text()
		if !ok {
			r.parsing("%s holds names, not %s", at, item.Kind())
			return nil, false
		}
		value, ok := r.root[name].Text()
		switch {
		case !ok:
			r.invalid("%s: the dimension %q is a string at the message's root, not %s", at, name, r.root[name].Kind())
			return nil, false
		case len(dimensions) == metrics.MaxDimensions:
			r.invalid("%s has more than %d dimensions", at, metrics.MaxDimensions)
			return nil, false
		}
		dimensions = append(dimensions, metrics.Dimension{Name: name, Value: value})
	}
	return dimensions, true
}
