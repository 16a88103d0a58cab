// Package dispatch brings what the log holds to the targets: each (rule, target) pair
// of an entry is one delivery, made at least once or dead-lettered with the reason.
//
// Every target has a lane of its own: a cursor into the log, a bound on the batches
// under way, and its retries. A target that is slow, hangs or crashes holds up its own
// lane and no other. Batches run side by side, and what comes later overtakes what is
// tried again, unless the target orders its deliveries by a key (TargetSpec.OrderBy).
//
// Step is the whole machine without a goroutine or a clock, so that tests drive it
// through a day of retries at once; Run is the same steps with one loop a lane.
//
// The package decides nothing about rules or events: which pairs there are was decided
// before the entry was written.
package dispatch
