// Package spool is a bounded queue of records on disk, for what waits to be sent while
// the receiver is away or this process is not running.
//
// A queue is a folder of segment files, which hold frames: length, CRC-32C and bytes of
// a record. Append has written its records and synced the file before it returns; after
// a crash a frame that is torn, and what follows it in its segment, is cut off and
// counted. Records are taken with Peek and done with Advance; how far that went is kept
// in a file that is not synced, so that after a crash records may come again, never
// fewer. When the queue is full, Append drops the oldest segment and counts its records.
package spool
