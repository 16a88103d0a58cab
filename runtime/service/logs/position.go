package logs

import (
	"sync"
	"time"
)

// position is what DescribeLogStreams says of a stream's log events, in milliseconds
// since 1970; zero while there was none.
type position struct{ First, Last, Ingested int64 }

// with is p moved on by q.
func (p position) with(q position) position {
	switch {
	case q.Ingested == 0:
		return p
	case p.Ingested == 0:
		return q
	}
	return position{First: min(p.First, q.First), Last: max(p.Last, q.Last), Ingested: max(p.Ingested, q.Ingested)}
}

// A position is written at most so often: on AWS it lags as well, and a batch that no
// rule wants should cost no write.
const writeEvery = time.Minute

// maxPositions bounds how many streams are remembered between two writes; beyond it
// what was not written is forgotten.
const maxPositions = 10_000

// positions are where streams are by their keys, beyond what is written.
type positions struct {
	mu sync.Mutex
	of map[string]position
}

func (p *positions) get(key string) position {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.of[key]
}

// add moves a stream on from what is written of it, and says whether to write it again.
func (p *positions) add(key string, written, more position) (now position, due bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.of) >= maxPositions {
		clear(p.of)
	}
	now = written.with(p.of[key]).with(more)
	p.of[key] = now
	return now, now.Ingested-written.Ingested >= writeEvery.Milliseconds()
}

func (p *positions) forget(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.of, key)
}
