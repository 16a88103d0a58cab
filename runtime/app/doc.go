// Package app puts the machine together: store, sandbox, engine, services and server,
// in the order in which they need each other, and takes it apart again.
//
// `tocsin run` and `tocsin demo` are this and little else; so are end-to-end tests. It
// decides nothing: what can be chosen stands in config.Config.
package app
