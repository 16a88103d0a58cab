package lambdahost

import (
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/engine"
)

// meter turns the engine's counters into lines of the embedded metric format, of which
// CloudWatch makes metrics in namespace Tocsin, by function (the log group says which).
type meter struct {
	mu   sync.Mutex
	last engine.Stats
}

// metricDefinition names one metric of a line.
type metricDefinition struct {
	Name string
	Unit string
}

// line is the line of one invocation: what was counted since the one before.
func (m *meter) line(now engine.Stats, at time.Time, took time.Duration) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	values := map[string]any{
		"received": now.Received - m.last.Received, "matched": now.Matched - m.last.Matched,
		"unmatched": now.Unmatched - m.last.Unmatched, "delivered": now.Delivered - m.last.Delivered,
		"failed": now.Retried - m.last.Retried, "dead": now.Dead - m.last.Dead,
		"loops_cut": now.LoopsCut - m.last.LoopsCut, "duration": millis(took),
	}
	m.last = now
	metrics := make([]metricDefinition, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		unit := "Count"
		if name == "duration" {
			unit = "Milliseconds"
		}
		metrics = append(metrics, metricDefinition{name, unit})
	}
	values["_aws"] = map[string]any{
		"Timestamp": at.UnixMilli(),
		"CloudWatchMetrics": []any{map[string]any{
			"Namespace": "Tocsin", "Dimensions": [][]string{{}}, "Metrics": metrics,
		}},
	}
	line, err := json.Marshal(values)
	if err != nil {
		panic("BUG: " + err.Error()) // plain numbers
	}
	return append(line, '\n')
}
