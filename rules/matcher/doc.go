// Package matcher finds the rules that an event matches, among many.
//
// A rule has a pattern, an expression (when) or both, and stands on one bus. Rules of
// other buses are not looked at.
//
//	m, problems := matcher.New(rules)
//	errs := m.Match(ev, func(i int) { … rules[i] matched … })
//
// A Matcher may be used by any number of goroutines at once. It is pure: it neither
// logs nor counts, it returns the expressions that failed.
package matcher
