package agent

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	ingest "github.com/tocsin-engine/tocsin/ingest/logs"
	"github.com/tocsin-engine/tocsin/runtime/service/logs"
)

// The limits of a request of PutLogEvents.
const (
	maxLogEvents  = 10_000
	maxLogBytes   = 1 << 20
	logEventBytes = 26 // that each event counts for beside its message
	maxSpan       = 24 * time.Hour
)

// logRecord is how a record waits in the queue; its time is in milliseconds.
type logRecord struct {
	Group   string `json:"g"`
	Stream  string `json:"s"`
	Time    int64  `json:"t"`
	Message string `json:"m"`
}

func encodeRecord(r ingest.Record) []byte {
	b, err := json.Marshal(logRecord{r.Group, r.Stream, r.Time.UnixMilli(), r.Message})
	if err != nil {
		panic("BUG: a record of texts and a number is no JSON: " + err.Error())
	}
	return b
}

// putLogEvents sends records, and makes groups and streams that are not there.
type putLogEvents struct {
	call      Caller
	region    string
	retention map[string]int
	// ready are the groups whose retention was set.
	ready map[string]bool
	log   hclog.Logger
}

// waiting is a record of the queue, read.
type waiting struct {
	logRecord
	raw []byte
}

// requests puts records of one stream together, in the order of their times.
func (p *putLogEvents) requests(records [][]byte) (list []request, broken int) {
	type stream struct{ group, name string }
	parsed := map[stream][]waiting{}
	var order []stream
	for _, b := range records {
		r := waiting{raw: b}
		if json.Unmarshal(b, &r.logRecord) != nil {
			broken++
			continue
		}
		s := stream{r.Group, r.Stream}
		if _, known := parsed[s]; !known {
			order = append(order, s)
		}
		parsed[s] = append(parsed[s], r)
	}
	for _, s := range order {
		all := parsed[s]
		slices.SortStableFunc(all, func(a, b waiting) int { return cmp.Compare(a.Time, b.Time) })
		for len(all) > 0 {
			n := fit(all)
			one := request{send: p.send(s.group, s.name)}
			for _, r := range all[:n] {
				one.records = append(one.records, r.raw)
			}
			list, all = append(list, one), all[n:]
		}
	}
	return list, broken
}

// fit is how many records go into one request.
func fit(all []waiting) int {
	bytes := 0
	for i, r := range all {
		bytes += len(r.Message) + logEventBytes
		late := time.Duration(r.Time-all[0].Time)*time.Millisecond > maxSpan
		if i > 0 && (bytes > maxLogBytes || i == maxLogEvents || late) {
			return i
		}
	}
	return len(all)
}

func (p *putLogEvents) send(group, stream string) func(context.Context, [][]byte) (int, error) {
	return func(ctx context.Context, records [][]byte) (int, error) {
		r := logs.PutLogEventsRequest{LogGroupName: group, LogStreamName: stream}
		for _, b := range records {
			var l logRecord
			if err := json.Unmarshal(b, &l); err != nil {
				return 0, err
			}
			r.LogEvents = append(r.LogEvents, logs.InputLogEvent{Timestamp: &l.Time, Message: &l.Message})
		}
		rejected, err := p.put(ctx, r)
		if isCode(err, "ResourceNotFoundException") {
			if err := p.create(ctx, group, stream); err != nil {
				return 0, err
			}
			rejected, err = p.put(ctx, r)
		}
		if err == nil {
			p.keep(ctx, group)
		}
		return rejected, err
	}
}

// put makes the call; rejected is how many of the records were not taken.
func (p *putLogEvents) put(ctx context.Context, r logs.PutLogEventsRequest) (rejected int, err error) {
	var answer logs.PutLogEventsResponse
	err = call(ctx, p.call, p.region, logs.Name, "PutLogEvents", r, &answer)
	if isCode(err, "DataAlreadyAcceptedException") { // an answer was lost
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if info := answer.RejectedLogEventsInfo; info != nil {
		first, end := 0, len(r.LogEvents)
		for _, n := range []*int{info.TooOldLogEventEndIndex, info.ExpiredLogEventEndIndex} {
			if n != nil {
				first = max(first, *n)
			}
		}
		if n := info.TooNewLogEventStartIndex; n != nil {
			end = *n
		}
		rejected = len(r.LogEvents) - max(0, end-first)
	}
	return rejected, nil
}

// create makes the group and the stream; what is there already is well.
func (p *putLogEvents) create(ctx context.Context, group, stream string) error {
	err := call(ctx, p.call, p.region, logs.Name, "CreateLogGroup", logs.CreateLogGroupRequest{LogGroupName: group}, nil)
	if err != nil && !isCode(err, "ResourceAlreadyExistsException") {
		return err
	}
	p.ready[group] = false
	err = call(ctx, p.call, p.region, logs.Name, "CreateLogStream", logs.LogStreamRequest{LogGroupName: group, LogStreamName: stream}, nil)
	if err != nil && !isCode(err, "ResourceAlreadyExistsException") {
		return err
	}
	return nil
}

// keep sets how long a group is kept, once. That it cannot is no reason not to send.
func (p *putLogEvents) keep(ctx context.Context, group string) {
	days := p.retention[group]
	if days <= 0 || p.ready[group] {
		return
	}
	p.ready[group] = true
	err := call(ctx, p.call, p.region, logs.Name, "PutRetentionPolicy", logs.PutRetentionPolicyRequest{LogGroupName: group, RetentionInDays: &days}, nil)
	if err != nil && !errors.Is(err, context.Canceled) {
		p.log.Warn("how long the group is kept cannot be set", "group", group, "days", days, "error", err)
	}
}
