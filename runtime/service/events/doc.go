// Package events is Amazon EventBridge as its clients see it: PutEvents with its
// limits and texts, event buses, partner event sources, archives and replays,
// TestEventPattern, and the loaded rules to read. Rules are written in rule files, so PutRule and its likes are
// not here.
//
// What the service keeps of its own, buses and partner sources, is in the store. The
// buses that rule files name are there as well, without being stored.
//
// One deviation: EventBridge takes a Detail that names a member twice, this service
// refuses it as malformed, because a pattern and a target could read different values.
// And one addition: an event for a bus that does not exist is accepted and forgotten,
// as EventBridge does it, but it is counted (Stats) and the header x-tocsin-matched
// says so.
package events
