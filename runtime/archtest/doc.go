// Package archtest holds the picture of the house: who may import whom, what the pure
// packages must not touch, how long a file and a function may be, and what may lie at
// the top of the tree. It has tests only.
//
// The tests parse the sources themselves rather than ask `go list` in a child process:
// go test's cache sees only what the test itself opens, and answered "ok (cached)" over
// a forbidden import when a child did the reading.
package archtest
