package diag_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/rules/diag"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// sample has a finding of each kind: with and without a place, a path, a label and a
// help, in text of every width.
func sample() diag.Report {
	return diag.Report{
		Files: []string{"rules/a.yaml", "rules/b.yaml", "rules/fine.yaml"},
		Sources: map[string][]byte{
			"rules/a.yaml": []byte("version: 1\r\n    patern: x\r\n\twhen: détail.日本 = \"ü\" # \x1b[31m\n" + strings.Repeat("x", 300) + "HERE" + strings.Repeat("y", 300)),
			"rules/b.yaml": []byte("12345678901\n"),
		},
		Findings: diag.List{
			{Code: "R001", File: "rules/a.yaml", Pos: diag.Pos{Line: 2, Column: 5, Length: 6}, Path: "rules[0].patern",
				Message: `unknown field "patern"`, Label: `did you mean "pattern"?`, Help: "rule fields: name, pattern"},
			{Code: "E002", File: "rules/a.yaml", Pos: diag.Pos{Line: 3, Column: 18, Length: 1}, Path: "rules[0].when",
				Message: `"=" is not a comparison`, Label: `use "=="`},
			{Code: "E003", File: "rules/a.yaml", Pos: diag.Pos{Line: 3, Column: 15, Length: 2}, Message: "wide – characters", Label: "write ≤ 5 …"},
			{Code: "Y001", File: "rules/a.yaml", Pos: diag.Pos{Line: 3, Column: 26, Length: 3}, Message: "an \x1b[31mescape"},
			{Code: "R008", File: "rules/a.yaml", Pos: diag.Pos{Line: 4, Column: 301, Length: 4}, Message: "a long line", Label: "here"},
			{Code: "L001", Severity: diag.Warning, File: "rules/b.yaml", Pos: diag.Pos{Line: 1, Column: 11, Length: 9}, Message: "beyond the end, 100% a:b,c", Help: "one line"},
			{Code: "W002", File: "rules/gone.yaml", Message: "no such file", Label: "write its name"},
		},
	}
}

func TestReport_golden(t *testing.T) {
	for _, format := range append(diag.Formats, "color", "ascii") {
		t.Run(format, func(t *testing.T) {
			r := sample()
			r.Color, r.ASCII = format == "color", format == "ascii"
			name := format
			if r.Color || r.ASCII {
				name = "text"
			}
			var got bytes.Buffer
			if err := r.Write(&got, name); err != nil {
				t.Fatal(err)
			}
			golden := "testdata/" + format + ".golden"
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestReport_machines: what machines read can be read, and holds every finding.
func TestReport_machines(t *testing.T) {
	r := sample()
	for _, format := range []string{"json", "sarif"} {
		var b bytes.Buffer
		if err := r.Write(&b, format); err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Version  any
			Findings []any
			Runs     []struct{ Results []any }
		}
		if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		n := len(doc.Findings)
		if format == "sarif" {
			n = len(doc.Runs[0].Results)
		}
		if n != len(r.Findings) {
			t.Errorf("%s has %d findings, want %d", format, n, len(r.Findings))
		}
	}
	var b bytes.Buffer
	if err := r.Write(&b, "junit"); err != nil {
		t.Fatal(err)
	}
	var suites struct {
		Suite struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(b.Bytes(), &suites); err != nil {
		t.Fatal(err)
	}
	if suites.Suite.Tests != 4 || suites.Suite.Failures != 2 {
		t.Errorf("junit: %+v, want 4 files, 2 of them with errors", suites.Suite)
	}
}

func TestReport_none(t *testing.T) {
	for _, format := range diag.Formats {
		var b bytes.Buffer
		if err := (diag.Report{}).Write(&b, format); err != nil {
			t.Fatal(err)
		}
		if empty := b.Len() == 0; empty != (format == "text" || format == "short" || format == "github") {
			t.Errorf("%s of no findings: %q", format, b.String())
		}
	}
	if s := (diag.Report{}).Summary(); s != "" {
		t.Errorf("Summary of no findings: %q", s)
	}
	if err := (diag.Report{}).Write(nil, "yaml"); err == nil || !strings.Contains(err.Error(), "sarif") {
		t.Errorf("Write in an unknown format: %v", err)
	}
}

func TestReport_Summary(t *testing.T) {
	want := "7 findings in 3 files: 6 errors, 1 warning        tocsin help R001 explains a code"
	if got := sample().Summary(); got != want {
		t.Errorf("Summary() = %q, want %q", got, want)
	}
	one := diag.Report{Findings: sample().Findings[5:6]}
	if got, want := one.Summary(), "1 finding in 1 file: 1 warning        tocsin help L001 explains a code"; got != want {
		t.Errorf("Summary() = %q, want %q", got, want)
	}
}

func TestList_Sort(t *testing.T) {
	at := func(file string, line, column int, code string) diag.Finding {
		return diag.Finding{File: file, Pos: diag.Pos{Line: line, Column: column}, Code: code}
	}
	want := diag.List{at("a", 1, 2, "X"), at("a", 1, 2, "Y"), at("a", 1, 10, "A"), at("a", 2, 1, "A"), at("b", 1, 1, "A")}
	got := diag.List{want[4], want[3], want[1], want[2], want[0]}
	got.Sort()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
