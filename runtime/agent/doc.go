// Package agent is this machine's own watcher: it measures the machine, follows log files
// and takes StatsD lines, as a plan of runtime/agentfile says, and sends what it has to
// CloudWatch's operations PutMetricData and PutLogEvents, of this engine or any other.
//
// What is collected goes into two queues on disk (runtime/spool) before anything else
// happens to it. A log file's position is kept only after its records are in the queue,
// and a queue moves on only after the receiver has taken its records or refused them
// for good: over a crash of either side every line arrives at least once. When the
// queue of logs is full, files are not read on (they are the longer queue); when that of
// metrics is full, the oldest data are dropped and counted.
//
// Errors that pass (throttling, 5xx, no connection) and those that a person must mend
// (credentials, permissions) are tried again with exponential back-off and jitter; a
// request that the receiver calls wrong is halved until the one bad entry is found,
// which is dropped and counted.
package agent
