package engine

import (
	"encoding/binary"
	"time"

	"github.com/VictoriaMetrics/fastcache"
)

// seen remembers idempotency keys that were committed, so that a sender's retry is
// answered without the store. It forgets as it likes: the truth is in the transaction of
// the append, which everything that is not found here asks.
type seen struct{ cache *fastcache.Cache }

// seenBytes is fastcache's least: the keys of some hundred thousand events.
const seenBytes = 32 << 20

func newSeen() seen { return seen{fastcache.New(seenBytes)} }

// first is the id of the event that has a key now.
func (s seen) first(key string, now time.Time) (id string, ok bool) {
	value, ok := s.cache.HasGet(nil, []byte(key))
	if !ok || len(value) < 8 || int64(binary.LittleEndian.Uint64(value)) <= now.UnixNano() {
		return "", false
	}
	return string(value[8:]), true
}

// add remembers a key that was committed.
func (s seen) add(key, id string, until time.Time) {
	value := binary.LittleEndian.AppendUint64(make([]byte, 0, 8+len(id)), uint64(until.UnixNano()))
	s.cache.Set([]byte(key), append(value, id...))
}
