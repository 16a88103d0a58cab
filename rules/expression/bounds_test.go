package expression

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// longList is an event whose detail has a list of n numbers and a text of n characters.
func longList(t testing.TB, n int) event.Event {
	t.Helper()
	detail := fmt.Sprintf(`{"list":[%s0],"text":"%s","tag":"x"}`, strings.Repeat("1,", n-1), strings.Repeat("x", n))
	return newEvent(t, event.Fields{Source: "s", DetailType: "t", Detail: []byte(detail)})
}

// TestBudget holds expressions that would run for minutes or fill the memory, each in a
// way of its own. The budget stops them all; without it this test would not end.
func TestBudget(t *testing.T) {
	lets := func(step string) string {
		src := "let a0 = " + `detail.text` + "; "
		for i := 1; i < 40; i++ {
			src += fmt.Sprintf("let a%d = %s; ", i, strings.ReplaceAll(step, "$", fmt.Sprintf("a%d", i-1)))
		}
		return src + "a39"
	}
	long := longList(t, 20_000)
	for _, src := range []string{
		`1..1000000000`,
		`len(1..1000000000)`,
		`repeat("x", 1000000000)`,
		`repeat(detail.text, 100000)`,
		`any(1..90000, any(1..90000, false))`,
		`any(detail.list, any(detail.list, any(detail.list, false)))`,
		`filter(detail.list, sum(detail.list) < 0)`,
		`count(detail.list, sum(detail.list) < 0)`,
		`all(detail.list, not (detail.text contains "yy"))`,
		`all(detail.list, not (detail.text matches "y+y+z"))`,
		`all(detail.list, not ("y" in detail.list))`,
		`all(detail.list, detail == detail)`,
		`all(detail.list, len(detail.text) > 0)`,
		`map(detail.list, split(detail.text, ""))`,
		`map(detail.list, detail.list)| flatten()`,
		`reduce(1..60, #acc + #acc, "xx")`,
		`join(map(1..20000, detail.text), "")`,
		`join(detail.list | map(""), detail.text)`,
		`replace(detail.text, "x", detail.text)`,
		`replace(detail.text, "", detail.text)`,
		`uniq(1..50000)`,
		`map(1..5000, map(1..5000, #))`,
		lets(`$ + $`),
		lets(`[$, $]`) + " | flatten()",
		lets(`[$, $]`) + " | toJSON()",
		lets(`[$, $]`) + " | string()",
		lets(`[$, $]`) + " | max()",
		lets(`[$, $]`),
		lets(`{a: $, b: $}`),
	} {
		t.Run(cut(src), func(t *testing.T) {
			_, err := compile(t, src, Input).JSON(NewEnv(long))
			if !errors.Is(err, ErrBudget) {
				t.Fatalf("%v, want ErrBudget", err)
			}
		})
	}
}

// TestBudgetSuffices holds work that honest rules do on large events.
func TestBudgetSuffices(t *testing.T) {
	long := longList(t, 20_000)
	for _, tc := range []struct{ src, want string }{
		{`len(filter(detail.list, # == 1))`, `19999`},
		{`sum(map(detail.list, # * 2))`, `39998`},
		{`count(detail.list, # > 0 and # < 5 and # != 3)`, `19999`},
		{`detail.text matches "y|z"`, `false`},
		{`len(toJSON(detail))`, `60030`},
		{`any(1..100, # in detail.list)`, `true`},
	} {
		if got, err := compile(t, tc.src, Input).JSON(NewEnv(long)); err != nil || string(got) != tc.want {
			t.Errorf("%s = %s, %v, want %s", tc.src, got, err, tc.want)
		}
	}
}

// TestBudgetIsPerEvaluation: what one evaluation spent, the next one has again.
func TestBudgetIsPerEvaluation(t *testing.T) {
	env := NewEnv(longList(t, 20_000))
	p := compile(t, `count(detail.list, # > 0 and # < 5) > 0`, When)
	for i := range 20 {
		if ok, err := p.Bool(env); !ok || err != nil {
			t.Fatalf("evaluation %d: %v, %v", i, ok, err)
		}
	}
}

func TestSourceLimits(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("(", n) + "true" + strings.Repeat(")", n) }
	shared := func(n int) string { return strings.Repeat("(", n) + "detail.a" + strings.Repeat(" ?: 1)", n) }
	for _, tc := range []struct {
		name, src string
		want      string
	}{
		{"characters", `"` + strings.Repeat("ä", MaxSource) + `"`, "the expression has 32770 characters"},
		{"parts", strings.Repeat("1+", 4000) + "1", "the expression has too many parts"},
		{"parts that are used twice", shared(60), "the expression has too many parts"},
		{"brackets", nested(MaxSource/2 - 10), ""},
		{"few parts that are used twice", shared(8), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, errs := Compile(tc.src, Input)
			got := ""
			if len(errs) > 0 {
				got = errs[0].Message
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestProgram_hammer uses one program from many goroutines, each with its own Env; the
// race detector sees what they share.
func TestProgram_hammer(t *testing.T) {
	programs := []*Program{
		compile(t, `detail.amount > 1000 and detail.card.country != detail.ship_to.country`, When),
		compile(t, `any(detail.items, any(.ranges, .cidr == "0.0.0.0/0")) and upper(detail.id) == "A-17"`, When),
		compile(t, `detail.id matches "^A" and string(detail.amount) == "1250"`, When),
	}
	ev := orderEvent(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				env := NewEnv(ev)
				for _, p := range programs {
					if ok, err := p.Bool(env); !ok || err != nil {
						t.Errorf("%s: %v, %v", p.Source(), ok, err)
					}
					if trace := p.Explain(env); trace.Holds == nil || !*trace.Holds {
						t.Errorf("%s: the trace does not hold", p.Source())
					}
				}
			}
		})
	}
	wg.Wait()
}
