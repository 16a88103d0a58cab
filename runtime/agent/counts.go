package agent

import (
	"sync/atomic"

	"github.com/tocsin-engine/tocsin/ingest/agent/logfile"
)

// Counts are what an agent has done since it began.
type Counts struct {
	// Data are those of metrics, Records those of logs.
	Data, Records Way
	// Files are what following found: records that filters kept back, lines that were
	// cut, files that rotated.
	Files logfile.Counts
	// Errors are collections and polls that failed, wholly or in part.
	Errors int64
}

// Way is what became of one kind of thing.
type Way struct {
	// Collected were put into the queue, Sent were taken by the receiver.
	Collected, Sent int64
	// Retried are requests that were tried again.
	Retried int64
	// Refused were dropped because the receiver called them wrong; Dropped because the
	// queue was full, perhaps while they were on their way.
	Refused, Dropped int64
	// Rejected are parts of requests that were taken, as too old or too new.
	Rejected int64
	// Waiting are in the queue.
	Waiting int
}

// way counts.
type way struct{ collected, sent, retried, refused, dropped, rejected atomic.Int64 }

func (w *way) now(waiting int) Way {
	return Way{
		Collected: w.collected.Load(), Sent: w.sent.Load(), Retried: w.retried.Load(), Refused: w.refused.Load(),
		Dropped: w.dropped.Load(), Rejected: w.rejected.Load(), Waiting: waiting,
	}
}

type counters struct {
	data, records way
	errors        atomic.Int64
}

// Counts returns the counts of now.
func (a *Agent) Counts() Counts {
	return Counts{
		Data: a.counts.data.now(a.metrics.queue.Len()), Records: a.counts.records.now(a.logs.queue.Len()),
		Files: a.files.counts(), Errors: a.counts.errors.Load(),
	}
}

// pairs are the counts for a log line. Those that are 0 in a machine that is well are
// left out while they are.
func (c Counts) pairs() []any {
	pairs := []any{"data", c.Data.Collected, "data_sent", c.Data.Sent, "records", c.Records.Collected, "records_sent", c.Records.Sent}
	for _, p := range []struct {
		name string
		n    int64
	}{
		{"data_waiting", int64(c.Data.Waiting)}, {"data_retried", c.Data.Retried}, {"data_refused", c.Data.Refused},
		{"data_dropped", c.Data.Dropped}, {"data_rejected", c.Data.Rejected},
		{"records_waiting", int64(c.Records.Waiting)}, {"records_retried", c.Records.Retried}, {"records_refused", c.Records.Refused},
		{"records_dropped", c.Records.Dropped}, {"records_rejected", c.Records.Rejected},
		{"filtered", int64(c.Files.Filtered)}, {"truncated", int64(c.Files.Truncated)}, {"rotated", int64(c.Files.Rotated)},
		{"cut", int64(c.Files.Cut)}, {"removed", int64(c.Files.Removed)}, {"errors", c.Errors},
	} {
		if p.n > 0 {
			pairs = append(pairs, p.name, p.n)
		}
	}
	return pairs
}
