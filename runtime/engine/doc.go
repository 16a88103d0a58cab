// Package engine wires the machine: it takes events from the doors, asks the matcher,
// appends to the store, wakes dispatch, and answers what became of an event.
//
// It decides nothing. Which events matter is decided in rules, what is kept in the
// store, when a delivery is tried again in dispatch. Here is only the order in which
// they are asked: an event is matched before it is written, written before its sender
// hears "accepted", and delivered after that. What nothing wants is not written; a
// bounded ring of the last events remembers it for people.
//
// What targets emit comes back through the same door with one hop more; beyond
// Config.MaxHops the loop is cut, visibly.
package engine
