// Package xray is AWS X-Ray as those who send traces see it: PutTraceSegments, whose
// segments (ingest/traces) become one event each on the default bus, the sampling rules
// and quotas that SDKs ask for, and the daemon's telemetry.
//
// Sampling rules are a file in the form in which `aws xray get-sampling-rules` prints
// them. A rule's reservoir is handed out in leases: the quotas of all clients that hold
// one never add up to more than the reservoir. Leases live in memory; clients ask again
// every ten seconds anyway.
//
// Calls that read traces back are not here; their clients get the error for an unknown
// operation.
package xray
