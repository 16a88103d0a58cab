package rulefile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/expression"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// readTarget is a target with its place.
type readTarget struct {
	r      *reading
	v      *source.Value
	path   string
	target Target
}

// target reads one target.
func (l *loader) target(r *reading, v *source.Value, path string) {
	if v.Kind != event.Object {
		return
	}
	l.unique(r, v, "target", path)
	out := Target{Name: text(v, "name"), Plugin: text(v, "plugin"), Config: []byte("{}"), Mode: "local",
		Retry: retry(v), DeadLetter: deadLetterQueue(v.Get("dead_letter")),
		Concurrency: number(v, "concurrency"), Batch: number(v, "batch"), File: r.name, Pos: v.Pos}
	if b := v.Get("batch"); b != nil && b.Kind == event.Object {
		out.Batch = number(b, "size")
		out.Window, _ = parseDuration(text(b, "window"))
	}
	out.OrderBy = r.formula(v, "order_by", path, expression.Key)
	if record := v.Get("record"); record != nil && record.Kind == event.Bool {
		out.Record = record.Text == "true"
	}
	if c := v.Get("config"); c != nil && c.Kind == event.Object {
		out.Config, out.config = c.AppendJSON(nil), c
	}
	out.path = path
	if mode := text(v, "mode"); mode != "" {
		out.Mode = mode
	}
	out.Input, _ = r.input(v, path)
	l.targets = append(l.targets, readTarget{r, v, path, out})
	if out.Name != "" && out.Plugin != "" {
		l.set.Targets = append(l.set.Targets, out)
	}
}

// number is the integer member called name, or 0.
func number(v *source.Value, name string) int {
	if m := v.Get(name); m != nil {
		if n, err := strconv.Atoi(m.Text); err == nil {
			return n
		}
	}
	return 0
}

// references reports names of targets, plugins and buses that nothing has.
func (l *loader) references() {
	targets := namesOf(l.targets, func(t readTarget) string { return t.target.Name })
	for _, archive := range l.archives {
		l.busOf(archive)
	}
	for _, rule := range l.rules {
		l.busOf(place{rule.r, rule.v, rule.path})
		for i, t := range items(rule.v, "targets") {
			path := child(rule.path, item("targets", i))
			if t.Kind == event.Object {
				t, path = t.Get("target"), child(path, "target")
			}
			if t != nil && t.Kind == event.String && !slices.Contains(targets, t.Text) {
				missing(rule.r, t, path, "R004", "target", targets)
			}
		}
	}
	plugins := namesOf(l.plugins, func(p readPlugin) string { return p.plugin.Name })
	for _, t := range l.targets {
		p := t.v.Get("plugin")
		if p == nil || p.Kind != event.String || slices.Contains(plugins, p.Text) || slices.Contains(Shipped, p.Text) {
			continue
		}
		known := append(slices.Clone(Shipped), plugins...)
		slices.Sort(known)
		label := nearLabel(p.Text, known, "add it to plugins:, with its file")
		t.r.find(p.Pos, child(t.path, "plugin"), "R005", fmt.Sprintf("unknown plugin %q", shorten(p.Text)), label,
			"plugins here: "+quoteList(slices.Compact(known)))
	}
}

// missing reports a name that nothing of its kind has.
func missing(r *reading, v *source.Value, path, code, kind string, known []string) {
	help := fmt.Sprintf("%ss defined here: %s", kind, quoteList(known))
	if len(known) == 0 {
		help = fmt.Sprintf("no %ss are defined here", kind)
	}
	r.find(v.Pos, path, code, fmt.Sprintf("unknown %s %q", kind, shorten(v.Text)), nearLabel(v.Text, known, "define it under "+kind+"s:"), help)
}

// nearLabel asks for the nearest name, or says otherwise.
func nearLabel(name string, known []string, otherwise string) string {
	if near := diag.Nearest(name, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return otherwise
}

// partnerBus begins the names of buses that partners make.
const partnerBus = "aws.partner/"

// place is something that was read, and where.
type place struct {
	r    *reading
	v    *source.Value
	path string
}

// busOf reports the bus of a rule or an archive if no file lists it.
func (l *loader) busOf(p place) {
	if bus := p.v.Get("bus"); bus != nil && bus.Kind == event.String {
		l.knownBus(p.r, bus, child(p.path, "bus"))
	}
}

// knownBus reports a bus that no file lists.
func (l *loader) knownBus(r *reading, v *source.Value, path string) {
	if v.Text == "default" || strings.HasPrefix(v.Text, partnerBus) || slices.Contains(l.set.Buses, v.Text) {
		return
	}
	known := append([]string{"default"}, l.set.Buses...)
	r.find(v.Pos, path, "R006", fmt.Sprintf("unknown bus %q", shorten(v.Text)),
		nearLabel(v.Text, known, fmt.Sprintf("list it:  buses: [%s]", shorten(v.Text))), "buses here: "+quoteList(known))
}
