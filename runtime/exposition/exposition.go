// Package exposition writes counters and gauges in Prometheus's text format, version
// 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/).
//
// It is a writer and nothing else: what is counted stands where it is counted, and is
// turned into families when somebody asks.
package exposition

import (
	"bufio"
	"io"
	"slices"
	"strconv"
	"strings"
)

// ContentType is that of an answer in the format.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// Kind is what a family is.
type Kind string

// The kinds of families that there are here. Names of counters end in _total; a summary
// has samples with the suffixes _sum and _count.
const (
	Counter Kind = "counter"
	Gauge   Kind = "gauge"
	Summary Kind = "summary"
)

// Family is all samples of one name.
type Family struct {
	Name, Help string
	Kind       Kind
	Samples    []Sample
}

// Sample is one number. Labels are names and values in turn.
type Sample struct {
	// Suffix is _sum or _count for a summary, else "".
	Suffix string
	Labels []string
	Value  float64
}

// Add adds a sample; labels are names and values in turn.
func (f *Family) Add(value float64, labels ...string) {
	f.Samples = append(f.Samples, Sample{Labels: labels, Value: value})
}

// AddSummary adds how many there were and what they sum up to.
func (f *Family) AddSummary(count uint64, sum float64, labels ...string) {
	f.Samples = append(f.Samples, Sample{"_sum", labels, sum}, Sample{"_count", labels, float64(count)})
}

var (
	helpEscapes  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	labelEscapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)

// Write writes families; one without samples is left out. The samples of a family are
// sorted, so that two answers can be compared.
func Write(to io.Writer, families []Family) error {
	w := bufio.NewWriter(to)
	for _, f := range families {
		if len(f.Samples) == 0 {
			continue
		}
		w.WriteString("# HELP " + f.Name + " " + helpEscapes.Replace(f.Help) + "\n# TYPE " + f.Name + " " + string(f.Kind) + "\n")
		lines := make([]string, 0, len(f.Samples))
		for _, s := range f.Samples {
			lines = append(lines, f.Name+s.Suffix+labels(s.Labels)+" "+strconv.FormatFloat(s.Value, 'g', -1, 64)+"\n")
		}
		slices.Sort(lines)
		for _, line := range lines {
			w.WriteString(line)
		}
	}
	return w.Flush()
}

func labels(pairs []string) string {
	if len(pairs) == 0 {
		return ""
	}
	parts := make([]string, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		parts = append(parts, pairs[i]+`="`+labelEscapes.Replace(strings.ToValidUTF8(pairs[i+1], "?"))+`"`)
	}
	return "{" + strings.Join(parts, ",") + "}"
}
