//go:build race

package matcher_test

// raceDetector: under it sync.Pool forgets on purpose, so allocations say nothing.
const raceDetector = true
