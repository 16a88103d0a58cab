// Package event is the envelope that everything in Tocsin travels in: EventBridge's,
// field for field.
//
// An Event keeps the bytes it arrived in. Nothing between the door and the target
// re-encodes them, so no number loses digits and no member changes its order. The
// envelope's own members are read once, when the event is made.
//
// The package imports only the standard library and never encoding/json: a plugin
// written in Go carries it into its sandbox, where encoding/json costs 150 µs a call.
package event
