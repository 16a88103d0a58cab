// Package sqlite is the durable store: one file, one process, nothing to install.
//
// What Append and Apply have acknowledged is on the disk: WAL with synchronous=FULL.
// One goroutine writes, and commits whatever waits as one transaction, so that many
// senders share one fsync. A commit of settlements alone does not wait for the disk: it
// is there for every reader and survives kill -9, and a power cut that takes it costs
// repeated deliveries, never a lost one.
//
// A full disk is store.ErrFull and ends when there is room again. Any other failed
// commit is final: what the disk holds is unknown after a failed fsync, so every later
// call fails and Failed says so; a restart recovers. Every row carries a checksum: an
// event whose bytes have changed becomes a dead letter and no wrong event.
package sqlite
