package lambdapack

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
)

// rulesOf are rules of the default bus, named r0, r1, …, with these patterns.
func rulesOf(t *testing.T, patterns ...string) *rulefile.Set {
	t.Helper()
	set := &rulefile.Set{}
	for i, text := range patterns {
		p, wrong := pattern.CompileJSON([]byte(text))
		if wrong != nil {
			t.Fatalf("%s: %v", text, wrong)
		}
		set.Rules = append(set.Rules, rulefile.Rule{Name: fmt.Sprintf("r%d", i), Bus: "default", Pattern: p})
	}
	return set
}

func TestBusPatterns(t *testing.T) {
	for _, tt := range []struct {
		name     string
		patterns []string
		want     map[string]string // by source
	}{
		{"one rule passes its pattern on",
			[]string{`{"source":["aws.ec2"],"detail":{"n":[{"numeric":[">=",1.50]}]}}`},
			map[string]string{"aws-ec2": `{"detail":{"n":[{"numeric":[">=",1.50]}]},"source":["aws.ec2"]}`}},
		{"rules of a source share a pattern",
			[]string{`{"source":["aws.ec2"],"detail-type":["A"]}`, `{"source":["aws.ec2","aws.s3"],"detail-type":["B"]}`},
			map[string]string{
				"aws-ec2": `{"$or":[{"detail-type":["A"]},{"detail-type":["B"]}],"source":["aws.ec2"]}`,
				"aws-s3":  `{"detail-type":["B"],"source":["aws.s3"]}`}},
		{"equal ones stand there once",
			[]string{`{"source":["aws.ec2"],"detail-type":["A"]}`, `{"source":["aws.ec2"],"detail-type":["A"]}`},
			map[string]string{"aws-ec2": `{"detail-type":["A"],"source":["aws.ec2"]}`}},
		{"one that takes all of a source takes all",
			[]string{`{"source":["aws.ec2"],"detail-type":["A"]}`, `{"source":["aws.ec2"]}`},
			map[string]string{"aws-ec2": `{"source":["aws.ec2"]}`}},
		{"people's own sources imply nothing",
			[]string{`{"source":["aws.ec2","shop"]}`, `{"source":["shop"]}`, `{"source":["tocsin.xray"]}`, `{"source":["aws.events"]}`},
			map[string]string{"aws-ec2": `{"source":["aws.ec2"]}`}},
		{"sources that are not named make one rule for the bus",
			[]string{`{"source":[{"prefix":"aws."}],"detail-type":["A"]}`, `{"source":["aws.ec2"]}`},
			map[string]string{"bus": `{"$or":[{"detail-type":["A"],"source":[{"prefix":"aws."}]},{"source":["aws.ec2"]}]}`}},
		{"API calls are AWS's whatever their source",
			[]string{`{"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventName":["DeleteTrail"]}}`},
			map[string]string{"bus": `{"detail":{"eventName":["DeleteTrail"]},"detail-type":["AWS API Call via CloudTrail"]}`}},
		{"sources within $or", []string{`{"$or":[{"source":["aws.ec2"]},{"source":["aws.s3"],"detail-type":["A"]}]}`},
			map[string]string{"bus": `{"$or":[{"source":["aws.ec2"]},{"detail-type":["A"],"source":["aws.s3"]}]}`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := map[string]string{}
			sources, _ := sourcesOf(rulesOf(t, tt.patterns...), nil, true)
			for _, s := range sources {
				got[s.Name] = string(s.Pattern)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestWidePatterns has more to say than a pattern of AWS's holds.
func TestWidePatterns(t *testing.T) {
	long := func(detail string, n int) (patterns []string) {
		for i := range n {
			patterns = append(patterns, fmt.Sprintf(`{"source":["aws.ec2"],"detail-type":["T%d"],"detail":%s}`, i%2,
				fmt.Sprintf(detail, strings.Repeat("x", 40), i)))
		}
		return patterns
	}
	for _, tt := range []struct {
		name     string
		patterns []string
		want     string
	}{
		{"what all look at is kept", long(`{"state":["gone"],"%s%d":["y"]}`, 40), `{"detail":{"state":["gone"]},"detail-type":["T0","T1"],"source":["aws.ec2"]}`},
		{"without the detail", long(`{"state":["%s%d"]}`, 60), `{"detail-type":["T0","T1"],"source":["aws.ec2"]}`},
		{"with nothing in common", append(long(`{"state":["%s%d"]}`, 60), `{"source":["aws.ec2"],"account":["111122223333"]}`), `{"source":["aws.ec2"]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sources, warnings := sourcesOf(rulesOf(t, tt.patterns...), nil, true)
			if len(sources) != 1 || string(sources[0].Pattern) != tt.want {
				t.Errorf("got %s, want %s", sources[0].Pattern, tt.want)
			}
			if len(warnings) != 1 || !strings.Contains(warnings[0].Message, "no rule matches") {
				t.Errorf("warnings: %v", warnings)
			}
		})
	}
}

// TestEventInvokesOnce makes rules and events up: an event that rules want invokes the
// function, and only once; one that none wants does not, where the patterns are exact.
func TestEventInvokesOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	field := func(name string, values ...string) string {
		if r.IntN(3) == 0 {
			return ""
		}
		return fmt.Sprintf(`,"%s":[%s,%s]`, name, pick(values...), pick(values...))
	}
	values := []string{`"a"`, `"b"`, `1`, `{"prefix":"a"}`, `{"anything-but":"b"}`, `{"exists":false}`}
	for range 300 {
		var patterns []string
		for range 1 + r.IntN(5) {
			source := pick(`"aws.a"`, `"aws.b","aws.c"`, `"aws.c"`, `"aws.a"`, `"aws.b"`, `{"prefix":"aws."}`)
			patterns = append(patterns, fmt.Sprintf(`{"source":[%s]%s,"detail":{"z":[{"exists":true}]%s%s}}`, source,
				field("detail-type", `"T"`, `"U"`), field("x", values...), field("y", values...)))
		}
		set := rulesOf(t, patterns...)
		sources, warnings := sourcesOf(set, nil, true)
		if len(warnings) > 0 {
			t.Fatalf("%s: %v", patterns, warnings)
		}
		for range 20 {
			ev := fmt.Appendf(nil, `{"source":"aws.%s","detail-type":"%s","detail":{"z":0,"%s":%s,"%s":%s}}`,
				pick("a", "b", "c", "d"), pick("T", "U"), pick("x", "q"), pick(`"a"`, `"b"`, "1", `["a","b"]`), pick("y", "p"), pick(`"ab"`, "1", "null"))
			wanted := slices.ContainsFunc(set.Rules, func(r rulefile.Rule) bool { return r.Pattern.Match(ev) })
			invoked := 0
			for _, s := range sources {
				if compiled(t, s.Pattern).Match(ev) {
					invoked++
				}
			}
			if invoked > 1 || (invoked == 1) != wanted {
				t.Fatalf("%s invokes %d times, a rule wants it: %v\nrules %s\nsources %+v", ev, invoked, wanted, patterns, sources)
			}
		}
	}
}

// TestCommonIsWider holds that what is kept of patterns takes all that they take.
func TestCommonIsWider(t *testing.T) {
	patterns := []string{
		`{"source":["a"],"detail":{"x":["1"],"deep":{"z":["q"]},"y":[{"exists":false}]}}`,
		`{"source":["b"],"detail":{"x":["2","1"],"deep":{"z":[{"prefix":"p"}],"w":["v"]},"y":[5]},"$or":[{"account":["1"]},{"region":["r"]}]}`,
	}
	decoded := []map[string]any{decode([]byte(patterns[0])), decode([]byte(patterns[1]))}
	const want = `{"detail":{"deep":{"z":["q",{"prefix":"p"}]},"x":["1","2"],"y":[{"exists":false},5]},"source":["a","b"]}`
	if got := string(encode(common(decoded))); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func compiled(t *testing.T, text json.RawMessage) *pattern.Pattern {
	t.Helper()
	p, wrong := pattern.CompileJSON(text)
	if wrong != nil {
		t.Fatalf("%s: %v", text, wrong)
	}
	return p
}
