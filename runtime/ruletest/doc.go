// Package ruletest runs the tests that stand beside rules: the production engine and
// dispatch on a virtual clock and a store in memory, with recorders in the places of
// the plugins. A day of retries takes a millisecond.
//
// A test passes if everything it expects is exactly so: a rule that matches although no
// `match` names it fails the test, and so does a target that gets more than `deliver`
// says. A run that tested nothing is for the caller to refuse: Report.Tests is 0.
package ruletest
