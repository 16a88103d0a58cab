package bench

import (
	"fmt"
	"io"

	"github.com/tocsin-engine/tocsin/rules/matcher/workload"
)

// Workloads measures what the matcher's goals are stated for and writes it, a line as soon
// as it is known: the workloads, then what can only be said of several measurements.
func Workloads(w io.Writer, o Options) error {
	p := printer{w: w}
	p.line("%-26s %8s %14s %11s %9s %9s %9s %8s", "rules", "number", "events/cpu-s", "× json.Valid", "allocs", "matches", "µs/rule", "B/rule")
	for _, l := range o.workloads() {
		p.workload(l, o)
	}
	p.scaling(o)
	p.changes(o)
	return p.err
}

func (o Options) workloads() []workload.Workload {
	if o.Workloads != nil {
		return o.Workloads
	}
	return workload.All
}

type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// workload writes a line for each number of rules, and how flat the figures are.
func (p *printer) workload(l workload.Workload, o Options) {
	events := l.Events(1, l.Count)
	var first, last float64
	for _, n := range l.Sizes {
		rules, err := workload.Compile(l.Rules(n))
		if err != nil {
			p.err = err
			return
		}
		r := Run(rules, events, o)
		p.line("%-26s %8d %14.0f %11.2f %9.2f %9.3f %9.1f %8.0f", l.Name, n, r.EventsPerCPUSecond,
			r.EventsPerCPUSecond/r.JSONValidPerCPUSecond, r.AllocsPerEvent, float64(r.Matches)/float64(r.Events), r.LoadNsPerRule/1000, r.BytesPerRule)
		if first == 0 {
			first = r.EventsPerCPUSecond
		}
		last = r.EventsPerCPUSecond
	}
	if l.Set == "five" && len(l.Sizes) > 1 {
		p.line("%-26s %8s %14.2f of the first", "", "the last", last/first)
	}
}
