package workload

import (
	"fmt"
	"strings"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Rule is one rule as its author writes it: a pattern in JSON, or an expression.
type Rule struct {
	Name    string
	Pattern string
	When    string
}

// Bus is the bus that all events are on.
const Bus = event.DefaultBus

func make1(kind string, n int, pattern func(i int) string) []Rule {
	rules := make([]Rule, n)
	for i := range rules {
		rules[i] = Rule{Name: fmt.Sprintf("%s-%d", kind, i), Pattern: pattern(i)}
	}
	return rules
}

// One makes rules of one exact field each, the bucket's name.
func One(n int) []Rule {
	return make1("one", n, func(i int) string {
		return fmt.Sprintf(`{"detail":{"requestParameters":{"bucketName":[%q]}}}`, bucketName(i))
	})
}

// Five makes rules of five exact fields: source of 40 values, eventName of 250,
// awsRegion of 16, the account of 500, and the bucket's name, which each rule has alone.
func Five(n int) []Rule { return make1("five", n, five) }

func five(i int) string {
	return fmt.Sprintf(`{"source":[%q],"detail":{"eventName":[%q],"awsRegion":[%q],"recipientAccountId":[%q],"requestParameters":{"bucketName":[%q]}}}`,
		source(i), name(i), region(i), account(i), bucketName(i))
}

// FiveExpressions says in expressions what Five says in patterns.
func FiveExpressions(n int) []Rule {
	rules := make([]Rule, n)
	for i := range rules {
		rules[i] = Rule{Name: fmt.Sprintf("five-expressions-%d", i), When: fmt.Sprintf(
			`source == %q and detail.eventName == %q and detail.awsRegion == %q and detail.recipientAccountId == %q and detail.requestParameters.bucketName == %q`,
			source(i), name(i), region(i), account(i), bucketName(i))}
	}
	return rules
}

// Infix makes wildcards with a text of five letters somewhere inside of the object's key.
func Infix(n int) []Rule {
	r := random(11)
	return make1("infix", n, func(int) string {
		return fmt.Sprintf(`{"detail":{"requestParameters":{"key":[{"wildcard":"*%s*"}]}}}`, r.word(5))
	})
}

// Prefixes makes prefixes of the object's key, Suffixes suffixes.
func Prefixes(n int) []Rule {
	r := random(12)
	return make1("prefix", n, func(int) string {
		return fmt.Sprintf(`{"detail":{"requestParameters":{"key":[{"prefix":"data/%s"}]}}}`, r.word(4))
	})
}

// Suffixes makes suffixes of the object's key.
func Suffixes(n int) []Rule {
	r := random(13)
	return make1("suffix", n, func(int) string {
		return fmt.Sprintf(`{"detail":{"requestParameters":{"key":[{"suffix":%q}]}}}`, r.word(4))
	})
}

// Ranges makes ranges of the bytes transferred; all together cover half of them.
func Ranges(n int) []Rule {
	r := random(14)
	return make1("range", n, func(int) string {
		low := r.below(1_000_000_000)
		return fmt.Sprintf(`{"detail":{"additionalEventData":{"bytesTransferredOut":[{"numeric":[">=",%d,"<",%d]}]}}}`, low, low+max(1, 500_000_000/n))
	})
}

// CIDR makes blocks of 256 addresses.
func CIDR(n int) []Rule {
	r := random(15)
	return make1("cidr", n, func(int) string {
		return fmt.Sprintf(`{"detail":{"sourceIPAddress":[{"cidr":"%s/24"}]}}`, address(r.next()))
	})
}

// AnythingBut makes an exact bucket and an eventName that is excluded.
func AnythingBut(n int) []Rule {
	return make1("anything-but", n, func(i int) string {
		return fmt.Sprintf(`{"detail":{"eventName":[{"anything-but":[%q,"Other"]}],"requestParameters":{"bucketName":[%q]}}}`, name(i+1), bucketName(i))
	})
}

// Points makes rules on two members of one element of a lot's list.
func Points(n int) []Rule {
	r := random(16)
	return make1("points", n, func(int) string {
		return fmt.Sprintf(`{"detail":{"geometry":{"type":["Polygon"],"coordinates":{"x":[%s],"y":[%s]}}}}`, coordinate(&r, -122), coordinate(&r, 37))
	})
}

// Mixed makes n rules, half patterns over all operators, half expressions that need no
// evaluation. Each is narrowed so that an event has about one match among 10,000.
func Mixed(n int) []Rule {
	r := random(17)
	rules := make([]Rule, n)
	for i := range rules {
		rules[i].Name = fmt.Sprintf("mixed-%d", i)
		if i%2 == 0 {
			rules[i].Pattern = mixedPattern(&r, i)
		} else {
			rules[i].When = mixedExpression(&r, i)
		}
	}
	return rules
}

func mixedPattern(r *random, i int) string {
	detail := func(fields string, args ...any) string { return `{"detail":{` + fmt.Sprintf(fields, args...) + `}}` }
	b := i
	low := r.below(1_000_000_000)
	switch i / 2 % 10 {
	case 0:
		return five(b)
	case 1:
		return detail(`"eventName":[%q],"requestParameters":{"key":[{"prefix":"data/%s"}]}`, name(b), r.word(3))
	case 2:
		return detail(`"awsRegion":[%q],"requestParameters":{"key":[{"suffix":%q}]}`, region(b), r.word(4))
	case 3:
		return detail(`"requestParameters":{"key":[{"wildcard":"*%s*"}]}`, r.word(5))
	case 4:
		return detail(`"requestParameters":{"key":[{"wildcard":"data/%s*/part-*%s"}]}`, r.word(3), r.word(1))
	case 5:
		return detail(`"recipientAccountId":[%q],"additionalEventData":{"bytesTransferredOut":[{"numeric":[">",%d,"<=",%d]}]}`, account(b), low, low+1_000_000)
	case 6:
		return detail(`"sourceIPAddress":[{"cidr":"%s/24"}],"readOnly":[true]`, address(r.next()))
	case 7:
		return detail(`"eventName":[{"anything-but":{"prefix":"Other"}}],"requestParameters":{"bucketName":[%q]}`, bucketName(b))
	case 8:
		return detail(`"errorCode":[{"exists":false}],"requestParameters":{"bucketName":[{"equals-ignore-case":%q}]}`, strings.ToUpper(bucketName(b)))
	}
	return fmt.Sprintf(`{"detail":{"$or":[{"requestParameters":{"bucketName":[%q]}},{"requestID":[{"prefix":%q}]}],"readOnly":[true]}}`, bucketName(b), r.word(5))
}

func mixedExpression(r *random, i int) string {
	b := i
	low := r.below(1_000_000_000)
	switch i / 2 % 8 {
	case 0:
		return fmt.Sprintf(`source == %q and detail.eventName == %q and detail.requestParameters.bucketName == %q`, source(b), name(b), bucketName(b))
	case 1:
		return fmt.Sprintf(`detail.requestParameters.key startsWith "data/%s" and region == %q`, r.word(3), region(b))
	case 2:
		return fmt.Sprintf(`detail.requestParameters.key contains %q`, r.word(5))
	case 3:
		return fmt.Sprintf(`detail.additionalEventData.bytesTransferredOut > %d and detail.additionalEventData.bytesTransferredOut < %d and account == %q`, low, low+1_000_000, account(b))
	case 4:
		return fmt.Sprintf(`detail.requestParameters.bucketName in [%q, %q] and detail.readOnly`, bucketName(b), bucketName(b+1))
	case 5:
		return fmt.Sprintf(`detail.requestParameters.key endsWith %q and detail.awsRegion == %q`, r.word(4), region(b))
	case 6:
		return fmt.Sprintf(`detail.requestID startsWith %q or detail.eventID startsWith %q`, r.word(5), r.word(5))
	}
	return fmt.Sprintf(`detail.recipientAccountId == %q and detail.requestParameters.bucketName == %q and detail.additionalEventData.bytesTransferredIn >= 500`, account(b), bucketName(b))
}
