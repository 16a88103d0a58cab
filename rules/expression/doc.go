// Package expression compiles the expressions of rule files and evaluates them on
// events: a rule's when, a target's input, the key of once_per.
//
// The language is expr-lang's, less whatever would make a rule depend on anything but
// its event: there is no clock, no time zone database and no random order.
//
//	p, errs := expression.Compile(`detail.amount > 100 and region startsWith "eu-"`, expression.When)
//	ok, err := p.Bool(expression.NewEnv(ev))
//
// # What an expression sees
//
// id, source, detail_type, account, region: texts. time: a time in UTC, with Go's
// methods Year, Month, Day, Hour, Minute, Second, Weekday, YearDay, Unix, UnixMilli,
// Format, Before, After, Equal, Sub, Add, AddDate and Truncate. resources: a list of
// texts. detail: the event's detail. metric, log, segment, call: the same as detail
// where the event is one, nil elsewhere. env.rule: the name of the rule that matched.
//
// These names are typed, so a misspelt one and a comparison of source with a number are
// findings. What is inside detail is known only when an event comes.
//
// # Missing members
//
// A member that is not there is nil. Taking a member of nil is a run-time error:
// detail.a.b raises where detail has no a, detail.a?.b is nil there. A run-time error
// in a when is no match; the caller counts it.
//
// # Numbers
//
// A JSON integer that fits an int64 is an int and exact. Every other number is the
// nearest float64: 0.1 is what it is in any language, and 12345678901234567890 compares
// equal to its neighbours within 2048. Comparing an int with a float64 compares two
// float64. JSON gives a number that was only copied from the event its digits back,
// unless two different numbers of that event are the same float64.
//
// # Bounds
//
// A source has at most MaxSource characters and MaxNodes parts. Evaluation is metered:
// each part of a loop's body in each turn, each element and each 16 bytes of text that a
// function reads or makes costs one unit of a budget of 1,000,000; an expression beyond it stops with
// ErrBudget. The pattern of matches stands in the expression, not in the event, and is
// RE2: linear in the text.
//
// # Concurrency
//
// A Program is immutable and safe for concurrent use. An Env belongs to one goroutine;
// it may serve any number of programs, which share what it has decoded.
package expression
