// Package sqs is a local Amazon SQS: standard and FIFO queues whose messages live in
// the store, so that `mode: local` targets, dead letters and AWS clients share them.
//
// What it does: all calls on queues and messages, single and in batches, long polling,
// visibility timeouts, delays, FIFO order and de-duplication, redrive to a dead-letter
// queue, message attributes and the MD5 sums that clients verify.
//
// What it does not: policies and encryption settings are stored and answered but not
// enforced; there is one account, so QueueOwnerAWSAccountId is not looked at; deleting
// and purging happen at once, without AWS's waits of 60 seconds; the limits on messages
// in flight are not counted; ReceiveRequestAttemptId is not looked at;
// StartMessageMoveTask and its likes are not there.
//
// A queue named by a target in mode local is made when it is missing (Caller.Create),
// FIFO if its name ends in ".fifo", and the log says so once.
package sqs
