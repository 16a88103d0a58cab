// Package logs is the signal "log": one record of a log, whoever sent it, and the event
// it becomes: source tocsin.logs, detail-type Log Event.
//
// The detail has CloudWatch Logs' own names for what a subscriber gets (logGroup,
// logStream, timestamp, message), so a rule reads like one for AWS. A message that is a
// JSON object or list also stands parsed under json, its bytes as they were: a pattern
// reaches into it, and no number loses digits.
package logs
