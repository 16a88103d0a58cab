package lambdapack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/tocsin-engine/tocsin/rules/pattern"
)

// maxPattern is how many characters AWS takes as the pattern of an EventBridge rule.
const maxPattern = 2048

// wish is what a Tocsin rule wants of an event bus.
type wish struct {
	rule    string
	pattern map[string]any
	// sources are the only ones that the pattern takes; nil says that there may be others.
	sources []string
	// reads says that it wants API calls that only read.
	reads bool
}

// busSources makes EventBridge rules of wishes. The function tries all of its rules on
// every event, so an event must invoke it once however many rules want it: the EventBridge
// rules exclude each other, one for each source of events, and a rule of that source takes
// what any of the wishes does. Where a wish does not name its sources, there is one rule for
// the whole bus.
func busSources(bus string, wishes []wish) (sources []Source, warnings []Warning) {
	if len(wishes) == 0 {
		return nil, nil
	}
	for _, g := range groups(wishes) {
		text, exact := g.pattern()
		s := Source{Kind: EventBridge, Name: identifier(g.name), Bus: bus, Rules: g.rules, Pattern: text, AllCalls: g.reads}
		sources = append(sources, s)
		if !exact {
			warnings = append(warnings, Warning{
				About:   "source " + s.Name,
				Message: fmt.Sprintf("the patterns of its %d rules cannot be one pattern of AWS's; a wider one also invokes the function for events that no rule matches", len(g.rules)),
				Help:    fmt.Sprintf("AWS takes %d characters and %d combinations; fewer or shorter patterns of this source are passed on as they are", maxPattern, pattern.MaxAlternatives),
			})
		}
	}
	return sources, warnings
}

// group is the wishes that one EventBridge rule grants.
type group struct {
	name  string
	rules []string
	reads bool
	// source is what all of them ask of the event's source, nil where patterns say it.
	source   []any
	patterns []map[string]any
}

func (g *group) add(w wish, p map[string]any) {
	g.rules = append(g.rules, w.rule)
	g.reads = g.reads || w.reads
	g.patterns = append(g.patterns, p)
}

// groups are by source, or one for all.
func groups(wishes []wish) []*group {
	if slices.ContainsFunc(wishes, func(w wish) bool { return w.sources == nil }) {
		all := &group{name: "bus"}
		for _, w := range wishes {
			all.add(w, w.pattern)
		}
		return []*group{all}
	}
	of := map[string]*group{}
	for _, w := range wishes {
		rest := maps.Clone(w.pattern)
		delete(rest, "source")
		for _, source := range w.sources {
			if of[source] == nil {
				of[source] = &group{name: source, source: []any{source}}
			}
			of[source].add(w, rest)
		}
	}
	var list []*group
	for _, source := range slices.Sorted(maps.Keys(of)) {
		list = append(list, of[source])
	}
	return list
}

// pattern is AWS's pattern for the group. It takes every event that one of the group's
// patterns takes, and no other if it is exact.
func (g *group) pattern() (text json.RawMessage, exact bool) {
	if text := g.with(anyOf(g.patterns)); fits(text) {
		return text, true
	}
	weak := common(g.patterns)
	if text := g.with(weak); fits(text) {
		return text, false
	}
	delete(weak, "detail")
	if text := g.with(weak); fits(text) {
		return text, false
	}
	return g.with(map[string]any{}), false
}

// with adds the source. A pattern may not be empty.
func (g *group) with(p map[string]any) json.RawMessage {
	if g.source != nil {
		p = maps.Clone(p)
		p["source"] = g.source
	}
	if len(p) == 0 {
		p = everything()
	}
	return encode(p)
}

// everything is a pattern that takes all events.
func everything() map[string]any {
	return map[string]any{"source": []any{map[string]any{"prefix": ""}}}
}

// fits says whether AWS takes a pattern.
func fits(text json.RawMessage) bool {
	if len([]rune(string(text))) > maxPattern {
		return false
	}
	_, wrong := pattern.CompileJSON(text)
	return wrong == nil
}

// anyOf takes what one of the patterns takes.
func anyOf(patterns []map[string]any) map[string]any {
	var different []any
	for _, p := range patterns {
		if len(p) == 0 {
			return map[string]any{}
		}
		if !slices.ContainsFunc(different, func(d any) bool { return reflect.DeepEqual(d, p) }) {
			different = append(different, p)
		}
	}
	if len(different) == 1 {
		return different[0].(map[string]any)
	}
	return map[string]any{"$or": different}
}

// common takes at least what one of the patterns takes: of the fields that all of them
// look at, what any of them wants there.
func common(patterns []map[string]any) map[string]any {
	out := map[string]any{}
	for name := range patterns[0] {
		if name == "$or" {
			continue
		}
		var lists []any
		var inner []map[string]any
		for _, p := range patterns {
			switch v := p[name].(type) {
			case []any:
				lists = appendNew(lists, v)
			case map[string]any:
				inner = append(inner, v)
			}
		}
		switch {
		case len(inner) == len(patterns):
			if c := common(inner); len(c) > 0 {
				out[name] = c
			}
		case len(inner) == 0 && everyone(patterns, name):
			out[name] = lists
		}
	}
	return out
}

func everyone(patterns []map[string]any, name string) bool {
	return !slices.ContainsFunc(patterns, func(p map[string]any) bool { return p[name] == nil })
}

func appendNew(list, more []any) []any {
	for _, v := range more {
		if !slices.ContainsFunc(list, func(have any) bool { return reflect.DeepEqual(have, v) }) {
			list = append(list, v)
		}
	}
	return list
}

// decode reads a pattern's JSON; numbers keep their text.
func decode(text []byte) map[string]any {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var p map[string]any
	if err := d.Decode(&p); err != nil {
		panic("BUG: a compiled pattern is no JSON: " + err.Error())
	}
	return p
}

// encode writes a pattern, its members sorted.
func encode(p map[string]any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(p); err != nil {
		panic("BUG: a pattern cannot be written: " + err.Error())
	}
	return bytes.TrimSpace(b.Bytes())
}
