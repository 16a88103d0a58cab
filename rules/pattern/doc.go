// Package pattern compiles EventBridge event patterns and matches events.
//
// A compiled Pattern is immutable and safe for concurrent use. Match allocates nothing
// on ordinary events; Explain is the slow twin that says which condition failed. The
// two agree on every event: FuzzPattern holds them together. A pattern is taken apart
// into Alternatives, one for each way through its $or groups, which is also what
// rules/matcher puts into its index.
//
// Where AWS's own engine is accidental or order-dependent this package is not; the
// deviations are listed in DESIGN.md and nowhere else.
package pattern
