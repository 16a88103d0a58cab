// Package archive keeps the events of buses and replays them, as EventBridge's archives
// and replays do.
//
// An archive is a reader of the store's log that stays behind on purpose: every entry
// that it wants names it beside the targets, and its cursor moves only when events are
// older than its retention. So keeping an event costs no second copy, and is one commit
// with its deliveries. What stands in an archive is what the bus took in; an event that
// comes from a replay is never archived.
//
// A replay reads an archive in the order in which its events were received and puts them
// back on their bus, with a member replay-name, for all rules or some. How far it has
// come is state in the store: after a restart it goes on, and at most the last 500
// events come twice if the process was away for longer than an idempotency key lives.
package archive
