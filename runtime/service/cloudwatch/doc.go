// Package cloudwatch is Amazon CloudWatch as those who send metrics see it:
// PutMetricData in all its forms, with its limits and texts (ingest/metrics). Each datum
// becomes one event on the default bus.
//
// As on AWS a request is taken whole or not at all, because its answer has no room for
// what became of each datum; the error names all that is wrong with all of them.
//
// One addition: the header x-tocsin-matched says how many rules matched each datum.
package cloudwatch
