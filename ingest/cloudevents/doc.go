// Package cloudevents turns CloudEvents 1.0 in their HTTP forms, structured, binary and
// batched, into events.
//
// id stays the event's id and source its source, type becomes detail-type, time its
// time, subject its one resource. Data that is a JSON object is the detail byte for byte;
// any other JSON or text stands under detail.data, anything else in base64 under
// detail.data_base64. What the envelope has no place for (extensions, subject,
// dataschema, a content type that is not JSON, a time with parts of a second) is put
// into the detail as its last member, "cloudevent", where patterns and expressions
// reach it.
package cloudevents
