// Package lambda takes apart the payloads with which AWS invokes a function, and says
// what the function has to answer.
//
// Read tells the source by the payload's shape, without configuration, and returns a
// record for each thing that the answer can name. A record carries events, and objects
// of S3 that the host still has to fetch. What lies nested inside (an SNS message in a
// queue, an S3 notification in a topic, a log subscription in a stream) is taken out.
//
// An event that has no id of its own gets one that is computed from its record: Lambda
// invokes again after an error, and the second time must be told to be the same event.
//
// The shapes are those of spec page "Lambda" and the AWS Lambda developer guide, "Using
// AWS Lambda with other services". The package does no I/O and reads no clock.
package lambda
