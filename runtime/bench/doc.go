// Package bench measures what matching costs: a person's rules on a person's events, or
// the workloads of rules/matcher/workload.
//
// Time is the processor time of the process, which a busy machine does not change much;
// beside every figure stands json.Valid over the same bytes in the same rounds, so that
// figures of different machines can be compared.
package bench
