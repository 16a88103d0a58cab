// Package metrics is one signal: a Datum is what a client measured, checked against
// CloudWatch's limits and told in its words, and made an event that rules can match.
//
// Every door that takes metrics makes a Datum of what it reads: PutMetricData, EMF,
// StatsD, OTLP, metric streams, the agent. Numbers travel as the text that the client
// wrote, so that none loses digits; they are parsed only to be compared with a limit.
//
// The event has source tocsin.metrics, detail-type "Metric Datum" and the detail that
// schema.json describes. The package reads no clock: who needs one is given the time.
package metrics
