// Package server is the listener: one port for the AWS protocols (runtime/awsapi) and
// for Tocsin's own API, which API.md describes.
//
// It is careful by default. Without access keys it listens on loopback only; an address
// that others can reach is refused until there are keys. Every size and every wait of a
// client is bounded. The engine and the store are not its own: it hands events in and
// reads what became of them.
package server
