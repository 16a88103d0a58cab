// Package sns is a local Amazon SNS: topics and subscriptions in the store, and fan-out
// to the local SQS queues, in process.
//
// What it does: topics (FIFO too), subscriptions with filter policies over attributes or
// body, raw delivery, a dead-letter queue per subscription, Publish and PublishBatch with
// subject, attributes and per-protocol messages. A message is put into its queues before
// Publish answers.
//
// What it does not: protocols other than sqs are stored and listed, but nothing is sent
// to them; each message that would have been is counted on the subscription
// (GetSubscriptionAttributes: TocsinUndelivered, TocsinUndeliveredReason) and the log says
// so once. Nothing is signed: Signature and SigningCertURL of a notification are empty. A
// FIFO topic leaves de-duplication to its FIFO queues. Policies are stored, not enforced.
//
// A topic named by a target in mode local is made when it is missing (Caller.Create).
package sns
