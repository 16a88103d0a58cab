// Package lambdahost runs an engine as an AWS Lambda function: the other host of the
// engine beside runtime/server.
//
// An invocation is read by ingest/lambda, its events are delivered before it is answered
// (engine.Act), and the answer tells Lambda which records are to come again. Lambda's own
// queues, streams and retries are the durable bus; nothing is kept here.
//
// The log is JSON for Lambda to collect; after each invocation a line in the embedded
// metric format says what was matched, delivered and failed.
package lambdahost
