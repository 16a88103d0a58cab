package ruletest_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/explain"
	"github.com/tocsin-engine/tocsin/runtime/ruletest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func read(t testing.TB, name string) rulefile.File {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return rulefile.File{Name: "testdata/" + name, Data: b}
}

func run(t testing.TB, tests string, o ruletest.Options) ruletest.Report {
	t.Helper()
	set, findings := rulefile.Load([]rulefile.File{read(t, "orders.yaml")}, rulefile.Options{Durable: true})
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	f, findings := rulefile.ParseTests(read(t, tests))
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	report, err := ruletest.Run(t.Context(), set, []*rulefile.TestFile{f}, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// text prints a report as a person sees it, but for how long it took.
func text(t testing.TB, r ruletest.Report) string {
	t.Helper()
	var b bytes.Buffer
	r.Took = 0
	err := r.Text(&b, ruletest.Style{Tick: "ok", Cross: "no", Verdict: func(w io.Writer, v explain.Verdict) {
		fmt.Fprintf(w, "%s: %v\n", v.Rule, v.Matches)
		for _, c := range v.Conditions {
			fmt.Fprintf(w, "  %s %v\n", c.Path, c.Holds)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGoodTests(t *testing.T) {
	r := run(t, "orders_test.yaml", ruletest.Options{})
	if r.Failed != 0 || r.Tests != 6 {
		t.Errorf("%d of %d failed:\n%s", r.Failed, r.Tests, text(t, r))
	}
	want := ruletest.Coverage{Rules: 3, Of: 4, Missed: []string{"never"}}
	if diff := cmp.Diff(want, r.Covered); diff != "" {
		t.Error(diff)
	}
}

func TestWrongTests(t *testing.T) {
	got := text(t, run(t, "wrong_test.yaml", ruletest.Options{}))
	const golden = "testdata/wrong_test.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

func TestRunPicksTests(t *testing.T) {
	r := run(t, "orders_test.yaml", ruletest.Options{Run: regexp.MustCompile("domestic")})
	if r.Tests != 1 || r.Covered.Rules != 0 {
		t.Errorf("%d tests, %d rules covered; want one test that covers none", r.Tests, r.Covered.Rules)
	}
	if r := run(t, "orders_test.yaml", ruletest.Options{Run: regexp.MustCompile("no such test")}); r.Tests != 0 || len(r.Files) != 0 {
		t.Errorf("%+v, want a run that tested nothing", r)
	}
}

func TestRunsAreEqual(t *testing.T) {
	if diff := cmp.Diff(text(t, run(t, "wrong_test.yaml", ruletest.Options{})), text(t, run(t, "wrong_test.yaml", ruletest.Options{}))); diff != "" {
		t.Error(diff)
	}
}

func TestJSON(t *testing.T) {
	b, err := json.Marshal(run(t, "wrong_test.yaml", ruletest.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Version, Tests, Failed int
		Files                  []struct {
			Tests []struct {
				Failures []struct {
					What, Want, Got string
					Explain         []struct{ Rule string }
				}
			}
		}
		Covered struct{ Missed []string }
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	first := got.Files[0].Tests[0].Failures[0]
	if got.Version != 1 || got.Tests != 6 || got.Failed != 6 || first.What != "match" || first.Want != "[big-order]" || first.Explain[0].Rule != "big-order" {
		t.Errorf("JSON says %+v", got)
	}
}

func TestJUnit(t *testing.T) {
	var b bytes.Buffer
	if err := run(t, "wrong_test.yaml", ruletest.Options{}).JUnit(&b); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Suites   []struct {
			Name  string `xml:"name,attr"`
			Cases []struct {
				Name    string `xml:"name,attr"`
				Failure *struct {
					Message string `xml:"message,attr"`
				} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	c := got.Suites[0].Cases[0]
	if got.Tests != 6 || got.Failures != 6 || got.Suites[0].Name != "testdata/wrong.yaml" || c.Failure == nil ||
		c.Failure.Message != "match: want [big-order], got []" {
		t.Errorf("JUnit says %+v", got)
	}
}

// BenchmarkRun is the start-up that a person waits for.
func BenchmarkRun(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		run(b, "orders_test.yaml", ruletest.Options{})
	}
}
