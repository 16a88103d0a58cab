// Package awsapi answers AWS clients over HTTP: the wire format becomes the typed
// request of an operation of a service.Table, the operation's answer or error becomes
// the wire format again.
//
// A signature is verified before anything of the body is read as more than bytes to
// hash. What cannot be read is the client's error in its own protocol and a counter
// (Stats), never a log line: a broken client must not be able to fill a disk. Only an
// error that is ours is logged, with the request id that the client was given.
//
// A new operation is an entry in the table; nothing here changes.
package awsapi
