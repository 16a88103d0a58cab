// Package otlp reads OTLP export requests, protobuf or JSON, and turns them into the
// three signals: log records (ingest/logs), metric data (ingest/metrics) and segments
// (ingest/traces). It also writes the answers that exporters understand.
//
// A request is checked as a whole before anything is taken from it: Parse refuses what
// the protobuf library would refuse, and bounds how deep messages nest. JSON is written
// as protobuf first, so there is one reader of everything behind it. Nothing is ever
// decoded into a tree: a body of 4 MB would become one of 200 MB (runtime/RATIONALE.md).
// The readers walk the bytes and hand out one record at a time.
//
// The package keeps no state. What needs some, the difference of two cumulative points,
// is handed out with the series it belongs to (Sample.Series).
package otlp
