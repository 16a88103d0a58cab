// Package cli is what a person types: one file a verb.
//
// Data goes to stdout, talk to stderr, so that every verb can stand in a pipe. The exit
// code says how it went: 0 fine, 1 findings, 2 wrong usage, 3 could not do it, 130
// interrupted. JSON output is a contract with golden tests; text may change.
//
// A verb parses its flags, calls the packages that do the work and prints; it decides
// nothing about events or rules.
package cli
