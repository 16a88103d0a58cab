package awsapi

import (
	"net/http"
	"sync"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/awswire"
)

// Rates bounds the requests of each access key with a token bucket: so many a second,
// and twice as many at once after a pause. Requests without a key share one bucket.
type Rates struct {
	// PerSecond is how many; 0 bounds nothing.
	PerSecond int
	// Now is the clock. Default: time.Now.
	Now func() time.Time

	mu      sync.Mutex
	buckets map[string]bucket // there are no more than there are keys
}

type bucket struct {
	tokens float64
	at     time.Time
}

// Take says whether a key may make a request now. A nil Rates bounds nothing.
func (r *Rates) Take(key string) bool {
	if r == nil || r.PerSecond == 0 {
		return true
	}
	now := time.Now()
	if r.Now != nil {
		now = r.Now()
	}
	most := 2 * float64(r.PerSecond)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.buckets == nil {
		r.buckets = map[string]bucket{}
	}
	b, known := r.buckets[key]
	if !known {
		b.tokens = most
	}
	if passed := now.Sub(b.at); known && passed > 0 { // a clock that was put back gives nothing
		b.tokens = min(most, b.tokens+passed.Seconds()*float64(r.PerSecond))
	}
	b.at = now
	took := b.tokens >= 1
	if took {
		b.tokens--
	}
	r.buckets[key] = b
	return took
}

// throttlings are the errors with which services say that requests come too fast, where
// that is not ThrottlingException. SDKs wait and try again at each of them.
var throttlings = map[string]awswire.Error{
	"sqs":         {Code: "RequestThrottled", Status: http.StatusForbidden},
	"sns":         {Code: "Throttled", Status: http.StatusTooManyRequests},
	"kinesis":     {Code: "ProvisionedThroughputExceededException", Status: http.StatusBadRequest},
	"autoscaling": {Code: "Throttling", Status: http.StatusBadRequest},
	"ec2":         {Code: "RequestLimitExceeded", Status: http.StatusServiceUnavailable},
	"monitoring":  {Code: "Throttling", Status: http.StatusBadRequest},
	"xray":        {Code: "ThrottledException", Status: http.StatusTooManyRequests},
}

// throttling is a service's answer to a request that comes too fast, or for which there
// is no room.
func throttling(service string) *awswire.Error {
	e := awswire.Throttled()
	if own, ok := throttlings[service]; ok {
		e.Code, e.QueryCode, e.Status = own.Code, own.Code, own.Status
	}
	return e
}
