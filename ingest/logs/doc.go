// Package logs is one signal: a Record is one line of a log, checked against the limits
// of CloudWatch Logs and told in its words, and made an event that rules can match.
//
// Every door that takes logs makes a Record of what it reads: PutLogEvents, OTLP, the
// agent, files. The event has source tocsin.logs, detail-type "Log Event" and the detail
// that schema.json describes. A message that is a JSON object or list also stands parsed
// under json, its bytes as they were: a pattern reaches into it, and no number loses
// digits. The package reads no clock: who needs one is given the time.
package logs
