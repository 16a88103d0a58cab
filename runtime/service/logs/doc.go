// Package logs is Amazon CloudWatch Logs as those who send logs see it: PutLogEvents with
// its limits and texts (ingest/logs), log groups and streams, retention, tags. Each log
// event becomes one event on the default bus, and metrics in the embedded metric format
// become events of metrics beside it. What is wrong with those is counted, and becomes
// a datum of AWS/Logs as on AWS, so that a rule can watch it.
//
// Groups and streams are kept in the store. Log events are not: a rule matches them as
// they come, so storedBytes is 0 and retention only decides, as on AWS, which ones are
// too old to be taken. Calls that read logs back are not here; their clients get the
// error for an unknown operation.
package logs
