package sandbox

import (
	"strconv"

	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// appendBatch writes a batch's JSON. By hand, because the events are JSON already and a
// call must not allocate.
func appendBatch(b []byte, batch *abi.Batch) []byte {
	b = append(b, `{"v":1,"target":`...)
	b = event.AppendString(b, batch.Target)
	b = append(b, `,"delivery":`...)
	b = event.AppendString(b, batch.Delivery)
	b = append(b, `,"deadline_ms":`...)
	b = strconv.AppendInt(b, batch.DeadlineMS, 10)
	b = append(b, `,"records":[`...)
	for i := range batch.Records {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendRecord(b, &batch.Records[i])
	}
	return append(b, "]}"...)
}

func appendRecord(b []byte, r *abi.Record) []byte {
	b = append(b, `{"id":`...)
	b = event.AppendString(b, r.ID)
	b = append(b, `,"attempt":`...)
	b = strconv.AppendInt(b, int64(r.Attempt), 10)
	b = append(b, `,"rule":`...)
	b = event.AppendString(b, r.Rule)
	b = append(b, `,"event":`...)
	b = append(b, r.Event...)
	if r.Input != nil {
		b = append(b, `,"input":`...)
		b = append(b, r.Input...)
	}
	return append(b, '}')
}
