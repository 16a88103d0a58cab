// Package fuel rewrites a WebAssembly module so that it can be stopped and restored.
//
// Rewrite inserts a check into every function that can call and every loop: it takes
// one unit of fuel from a global and, when there is none left, asks the host for more.
// The host answers with the next slice, or ends the call: so a loop, a recursion without
// a loop and a guest that never calls the host all stop at a deadline, the Go scheduler
// gets its turn, and the amount used is the same in every run. Bulk memory instructions
// take fuel by their length.
//
// It also exports every mutable global, so that a host can put them back, turns the start
// function into an export, so that a copy of a running module need not run it again, and
// says whether memory and globals are all the state there is.
//
// Behaviour is unchanged otherwise; the fuzz test holds that. The name section is kept.
package fuel
