package engine

import (
	"encoding/binary"
	"time"

	"github.com/VictoriaMetrics/fastcache"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// seen remembers idempotency keys that were committed, so that a sender's retry is
// answered without the store. It forgets as it likes: the truth is in the transaction of
// the append, which everything that is not found here asks.
//
// The keys of one commit are remembered together, under the first of them: they were one
// request, and come again as one.
type seen struct{ cache *fastcache.Cache }

// seenBytes is fastcache's least: the keys of some hundred thousand events.
const seenBytes = 32 << 20

func newSeen() seen { return seen{fastcache.New(seenBytes)} }

// request is the ids of the events that have the keys now that were committed with one
// that was the first; never nil.
func (s seen) request(first string, now time.Time) map[string]string {
	ids := map[string]string{}
	value, _ := s.cache.HasGet(nil, []byte(first))
	for len(value) >= 8 {
		expires := int64(binary.LittleEndian.Uint64(value))
		var key, id string
		key, value = cutText(value[8:])
		id, value = cutText(value)
		if expires > now.UnixNano() {
			ids[key] = id
		}
	}
	return ids
}

// add remembers the keys of entries that were committed together.
func (s seen) add(entries []store.Entry) {
	var value []byte
	for _, e := range entries {
		value = binary.LittleEndian.AppendUint64(value, uint64(e.KeyExpires.UnixNano()))
		value = appendText(appendText(value, e.Key), e.ID)
	}
	if len(entries) > 0 {
		s.cache.Set([]byte(entries[0].Key), value)
	}
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// cutText reads what appendText wrote.
func cutText(b []byte) (s string, rest []byte) {
	n, used := binary.Uvarint(b)
	return string(b[used : used+int(n)]), b[used+int(n):]
}
