// Package doors is the ways in that are not AWS's HTTP front: one file a door. A door
// reads bytes with a parser of ingest/, hands the events to the engine, answers in its
// clients' own words, and counts everything that it takes, refuses or drops.
//
// A door that speaks HTTP (type HTTP) has no port of its own: runtime/server listens,
// verifies who calls, reads the body within its bounds and hands it over.
package doors
