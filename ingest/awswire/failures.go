package awswire

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// Who fails to sign more often than failuresPerSecond over a while, failureBurst at
// first, is throttled: guessing is hopeless anyway, and this makes it cheap to refuse.
const (
	failureBurst      = 100
	failuresPerSecond = 10
	// maxFailing bounds how many are remembered; beyond it the count begins anew.
	maxFailing = 10_000
)

// failures counts failed signatures by who sent them: an address and the access key it
// named, if there is such a key. So a client with a wrong secret does not lock out
// another one at the same address.
type failures struct {
	mu      sync.Mutex
	buckets map[string]*bucket
}

// bucket holds how many failures are still allowed, as of a time.
type bucket struct {
	left float64
	at   time.Time
}

func (b *bucket) fill(now time.Time) {
	elapsed := max(now.Sub(b.at).Seconds(), 0)
	b.left = min(b.left+elapsed*failuresPerSecond, failureBurst)
	b.at = now
}

// blocked says whether who has failed too often.
func (f *failures) blocked(who string, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, ok := f.buckets[who]
	if !ok {
		return false
	}
	b.fill(now)
	return b.left < 1
}

func (f *failures) add(who string, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.buckets == nil || len(f.buckets) >= maxFailing {
		f.buckets = map[string]*bucket{}
	}
	b, ok := f.buckets[who]
	if !ok {
		b = &bucket{left: failureBurst, at: now}
		f.buckets[who] = b
	}
	b.fill(now)
	b.left--
}

// who names the sender of a request, for failures.
func who(r *http.Request, knownKey string) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	return host + " " + knownKey
}
