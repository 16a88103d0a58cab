// Package schedule reads EventBridge's schedule expressions and says when they are due:
// rate(5 minutes), and cron(minutes hours day-of-month month day-of-week year) with the
// wildcards , - * / ? L W #.
//
// A cron expression names times on a clock that hangs on a wall, in a time zone; the
// grain is a minute. Where the clock is put forward, the times that it skips are not due
// that day; where it is put back, a time that it shows twice is due the first time only.
// That is what EventBridge Scheduler does. A rate has no zone: it counts from when it
// was last due.
//
// The package is pure: what time it is now is the caller's to say. Zones come from the
// machine's data or, where it has none, from those in the binary.
package schedule
