// Package sqlite is the durable store: one directory, one process, nothing to install.
//
//	events/2026010203-000000000001.db   the events of an hour, from place 1 on
//	bus.db                              cursors, retries, dead letters, state
//	reserve, lock                       see room.go and lock.go
//	damaged/                            files that were set aside, for a person
//
// What Append and Apply have acknowledged is on the disk: WAL with synchronous=FULL. One
// goroutine writes, and commits whatever waits as one transaction, so that many senders
// share one fsync; a second one commits settlements beside it. The log is committed first and bus.db after it; redo.go says why
// nothing falls between the two. A commit of settlements alone does not wait for the
// disk: it is there for every reader and survives kill -9, and a power cut that takes it
// costs repeated deliveries, never a lost one. Old events are dropped by the file.
//
// A full disk is store.ErrFull and ends when there is room again. Any other failed
// commit is final: what the disk holds is unknown after a failed fsync, so every later
// call fails and Failed says so; a restart recovers. Every page and every row carries a
// checksum: a single flipped bit is turned back where it can be told, an event whose bytes
// have changed becomes a dead letter and no wrong event, and a damaged file is replaced by
// what can be read of it. Whatever was found is reported, and counted in Stats.
package sqlite
