// Package lambdahost runs an engine as an AWS Lambda function: the other host of the
// engine beside runtime/server.
//
// An invocation is read by ingest/lambda, its events are delivered before it is answered
// (engine.Act), and the answer tells Lambda which records are to come again. Lambda's own
// queues, streams and retries are the durable bus; nothing is kept here. Deliveries have
// the function's time but for its last 200 ms, which are for the answer: a record that is
// not done by then is reported failed.
//
// What a person sees of it, log and metrics, README.md describes.
package lambdahost
