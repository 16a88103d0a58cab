package xray

import (
	"sync"
	"time"
)

// leaseTime is how long a quota holds: three times the interval, so that a client may
// miss two answers, and one that is gone is soon made up for.
const leaseTime = 3 * interval * time.Second

// maxClients bounds how many clients of one rule have leases; those beyond it get no
// quota and sample by the rate alone.
const maxClients = 10_000

// lease is a client's part of a reservoir, in requests a second.
type lease struct {
	quota int
	until time.Time
}

// leases are those of each rule, by client.
type leases struct {
	mu sync.Mutex
	of map[string]map[string]lease
}

// renew gives a client its part of a rule's reservoir: the same for all clients that hold
// a lease, but never more than the others have left. So a client that comes to a
// reservoir that is handed out waits until the others ask again and get less.
func (l *leases) renew(rule, client string, reservoir int, now time.Time) (quota int, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	clients := l.of[rule]
	if clients == nil {
		clients = map[string]lease{}
		l.of[rule] = clients
	}
	left, before := reservoir, 0
	for id, held := range clients {
		switch {
		case !held.until.After(now):
			delete(clients, id)
		case id != client:
			left -= held.quota
			if id < client {
				before++
			}
		}
	}
	_, known := clients[client]
	if !known && len(clients) >= maxClients {
		return 0, now.Add(leaseTime)
	}
	n := len(clients)
	if !known {
		n++
	}
	share := reservoir / n
	if before < reservoir%n { // what cannot be divided goes to the first by id
		share++
	}
	granted := lease{quota: max(0, min(share, left)), until: now.Add(leaseTime)}
	clients[client] = granted
	return granted.quota, granted.until
}
