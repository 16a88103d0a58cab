// Package traces is the signal "trace": X-Ray's segment document, checked, and the event
// it becomes: source tocsin.xray, detail-type Trace Segment.
//
// The document is the event's detail byte for byte, so no number loses digits and what
// an SDK adds of its own stays. Other formats (OTLP) are written as segment documents
// first and pass the same check.
package traces
