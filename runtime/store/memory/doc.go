// Package memory is the store that keeps everything in the process's memory: for tests,
// for `tocsin demo` and for looking around. It passes the same tests as the durable
// stores while the process lives, and promises nothing beyond that: when the process
// ends, accepted events that were not delivered yet, retries, dead letters and all
// state are gone. Promises says so.
//
// It is bounded. Settled entries give room to new ones, oldest first; when everything
// in the log still waits for a target, Append answers store.ErrFull and the sender is
// throttled. Dead letters have a bound of their own, so that one broken target cannot
// stop the others' events: beyond it the oldest is dropped, counted in Stats.
package memory
