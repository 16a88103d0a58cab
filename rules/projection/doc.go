// Package projection reads from an event's bytes the values that some rule names, and
// nothing else.
//
// An event is flattened as EventBridge does it: every scalar is a leaf with the path
// of member names that leads to it; lists add nothing to the path, but leaves remember
// which element of which list they stand in, so that conditions on objects in a list
// can be held to one element. Members that no path leads through are skipped without
// being looked at.
//
// The event must have passed event.Check. Other bytes do no harm, but what is read
// from them means nothing.
package projection
