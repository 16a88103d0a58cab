// Package traces is one signal: X-Ray's segment document, checked, and the event it
// becomes: source tocsin.xray, detail-type "Trace Segment", the detail that schema.json
// describes.
//
// The document is the detail byte for byte, so no number loses digits and what an SDK
// adds of its own stays. Other formats (OTLP) are written as segment documents and pass
// the same check. It refuses what could not be found again or put into a trace (ids,
// name, times) and what has another type than X-Ray's schema says, because a rule that
// compares it would never match and never say why. The package reads no clock.
package traces
