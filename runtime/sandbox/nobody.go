package sandbox

import (
	"context"

	"github.com/tocsin-engine/tocsin/runtime/sandbox/recording"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// Nobody is a host that grants nothing, for a guest that has no reason to act: one that is
// packed, or whose config is only tried.
type Nobody struct {
	asked string // the last function that was called
}

var _ Capabilities = (*Nobody)(nil)

func (n *Nobody) ask(function string) abi.Errno {
	n.asked = abi.Module + "." + function
	return abi.Denied
}

// Log notes that it was asked.
func (n *Nobody) Log(Scope, abi.LogLevel, []byte) { n.ask(abi.Log) }

// Count notes that it was asked.
func (n *Nobody) Count(Scope, string, int64) { n.ask(abi.Metric) }

// Denied notes what was asked.
func (n *Nobody) Denied(_ Scope, function, _ string) { n.ask(function) }

// Emit notes that it was asked.
func (n *Nobody) Emit(context.Context, Scope, []byte) abi.Errno { return n.ask(abi.Emit) }

// KV notes that it was asked.
func (n *Nobody) KV(_ context.Context, _ Scope, function string, _ abi.KVRequest) ([]byte, abi.Errno) {
	return nil, n.ask(function)
}

// HTTP notes that it was asked.
func (n *Nobody) HTTP(context.Context, Scope, abi.HTTPRequest) (abi.HTTPResponse, abi.Errno) {
	return abi.HTTPResponse{}, n.ask(abi.HTTP)
}

// AWS notes that it was asked.
func (n *Nobody) AWS(context.Context, Scope, abi.AWSRequest) (abi.AWSResponse, abi.Errno) {
	return abi.AWSResponse{}, n.ask(abi.AWS)
}

// Secret notes that it was asked.
func (n *Nobody) Secret(string) (string, bool) {
	n.ask(abi.Secret)
	return "", false
}

// Recorded has no use for a recording.
func (n *Nobody) Recorded(context.Context, *recording.Recording) {}
