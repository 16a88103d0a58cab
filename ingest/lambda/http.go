package lambda

import "github.com/tocsin-engine/tocsin/sdk/event"

// Request ...
type Request struct{}

func readRequest(v event.Value) (*Request, bool, error) { return nil, false, nil }
