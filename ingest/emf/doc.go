// Package emf reads CloudWatch's embedded metric format: the metrics that a log event
// carries in its message
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
//
// Read gives the data and counts what is wrong as AWS does, in EMFParsingErrors (the
// message says it is EMF and does not have its shape) and EMFValidationErrors (a metric
// definition breaks a limit, or what it refers to is not there). What is wrong with one
// definition leaves out that definition only: the log event itself is never refused.
package emf
