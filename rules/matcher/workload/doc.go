// Package workload makes the events and rules that the matcher is measured with.
//
// Everything follows from a seed and a size, so that a figure can be measured again
// anywhere. The events look like CloudTrail's records of S3 calls on the bus: about 1.6
// KB, 44 values. An event's bucket number is drawn evenly from the logarithms up to
// Buckets, and the fields that rules name follow from it, so that any number of rules
// has hits and an event has about one.
package workload
