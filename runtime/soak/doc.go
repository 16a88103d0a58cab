// Package soak breaks a running tocsin in every way that it promises to survive, and
// counts what was lost.
//
// The process under test is the whole machine: HTTP, matching, the durable store, the
// sandbox. A publisher in another process notes every event that it sends and every one
// that was acknowledged; each target writes down what it was delivered. After the fault
// the machine is started again and drained, and the conservation law is held against the
// two ledgers:
//
//	acknowledged = delivered ∪ dead-lettered (or expired) ∪ pending, for every target
//
// What is missing is lost, what was delivered and never sent is a phantom, and what was
// delivered again is a duplicate. `make soak` runs it long; a short form is among the
// tests. A fault that needs root or a loop device and has none is "not run": it is never
// counted as passed.
package soak
