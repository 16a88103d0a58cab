// Package nativefile reads the files that people have and gives the events in them: events
// themselves, and what each signal's own tools write. A value is told by its shape; a
// table, shapes, has a line for each.
//
//	shape                     becomes
//	an event                  itself, byte for byte
//	a line of tocsin tail     the event in it
//	a CloudTrail record       the event that EventBridge would carry
//	a metric-stream line      a metric datum
//	embedded metric format    a metric datum each
//	a batch of log events     a log event each
//	an X-Ray segment          a trace segment
//
// A text file has no shape: NewTextReader makes a log event of each of its lines.
//
// How values stand in a file, one a line or in a list, gzip-ed or not, package jsonstream
// knows. A value of no shape is handed out as it is: a file of anything can be matched.
// Describe says what was seen, for those who need events.
package nativefile
