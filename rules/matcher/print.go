package matcher

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Print writes what the index looks like, for people who want to know why a rule is
// found or what it costs. It is meant for small rule sets.
//
//	bus default: 2 rules in 1 level, 2 paths
//	  level 0: 2 conjunctions
//	    detail.amount
//	      range [1000, +Inf]             → big-order: source is "shop"
//	    source
//	      text "shop"                    → any-order
//	    every event                      → audit: …
func (m *Matcher) Print(w io.Writer) error {
	m.changes.Lock() // choosers belong to whoever changes
	defer m.changes.Unlock()
	p := printer{w: w}
	s := m.state.Load()
	for _, name := range sortedNames(s.buses) {
		b := s.buses[name]
		p.line(0, "bus %s: %s, %s", name, count(len(b.levels), "level"), count(b.paths.Len(), "path"))
		for i, l := range b.levels {
			note := ""
			if l.fresh {
				note = ", no index yet"
			}
			p.line(1, "level %d: %s%s", i, count(len(l.conjunctions), "conjunction"), note)
			p.level(l, b.chooser, s.version)
		}
	}
	return p.err
}

func sortedNames(buses map[string]*bus) []string { return slices.Sorted(maps.Keys(buses)) }

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(depth int, format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, strings.Repeat("  ", depth)+format+"\n", args...)
	}
}

// level lists where the conjunctions hang: path by path, key by key.
func (p *printer) level(l *level, c *chooser, version uint64) {
	type hanging struct{ path, key, rest string }
	var all []hanging
	for i := range l.conjunctions {
		conj := &l.conjunctions[i]
		if !conj.entry.liveAt(version) {
			continue
		}
		if conj.witness < 0 {
			all = append(all, hanging{"~", "every event", conj.describe()})
			continue
		}
		witness := &conj.checks[conj.witness-1]
		for _, k := range c.witness(witness) {
			all = append(all, hanging{witness.field.Path, k.String(), conj.describe()})
		}
	}
	slices.SortFunc(all, func(a, b hanging) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.key, b.key), cmp.Compare(a.rest, b.rest))
	})
	for i, h := range all {
		if i == 0 || all[i-1].path != h.path {
			p.line(2, "%s", strings.Replace(h.path, "~", "(no path)", 1))
		}
		p.line(3, "%-32s → %s", h.key, h.rest)
	}
}

// describe names the rule and what is verified besides the witness.
func (c *conjunction) describe() string {
	var rest []string
	for i := range c.checks {
		if i == int(c.witness-1) {
			continue
		}
		rest = append(rest, c.checks[i].field.Path)
	}
	switch {
	case c.hasWhen && c.exact:
		rest = append(rest, "(no evaluation)")
	case c.hasWhen:
		rest = append(rest, "when")
	}
	if len(rest) == 0 {
		return c.entry.rule.Name
	}
	return c.entry.rule.Name + ", then " + strings.Join(rest, ", ")
}

// Found says by what the index finds rule i: a path and a key for each way in which the
// rule can match, "every event" where there is no key.
func (m *Matcher) Found(i int) []string {
	m.changes.Lock()
	defer m.changes.Unlock()
	var all []string
	m.each(func(conj *conjunction) {
		if int(conj.index) != i {
			return
		}
		if conj.witness < 0 {
			all = append(all, "every event")
			return
		}
		witness := &conj.checks[conj.witness-1]
		c := m.state.Load().buses[conj.entry.rule.Bus].chooser
		for _, k := range c.witness(witness) {
			all = append(all, witness.field.Path+" "+k.String())
		}
	})
	return all
}

var formNames = [...]string{
	byText: "text", byNumber: "number", byLiteral: "literal", byAddress: "address", byFolded: "any case",
	byPrefix: "prefix", bySuffix: "suffix", byFoldedPrefix: "prefix, any case", byFoldedSuffix: "suffix, any case",
	byGram: "holds", byRange: "range", byBlock: "block", byPresence: "any value",
}

// String shows a key as a person would write it.
func (k *key) String() string {
	name := formNames[k.form]
	switch k.form {
	case byNumber:
		return name + " " + strconv.FormatFloat(k.number.Float(), 'g', -1, 64)
	case byLiteral:
		return name + " " + k.text
	case byAddress:
		return name + " " + k.addr.String()
	case byBlock:
		return name + " " + k.net.String()
	case byRange:
		return fmt.Sprintf("%s [%g, %g]", name, k.span.low, k.span.high)
	case bySuffix, byFoldedSuffix:
		return fmt.Sprintf("%s %q", name, backwards(k.text))
	case byGram:
		b := make([]byte, k.size)
		for i := range b {
			b[i] = byte(k.gram >> (8 * i))
		}
		return fmt.Sprintf("%s %q", name, b)
	case byPresence:
		return name
	}
	return fmt.Sprintf("%s %q", name, k.text)
}
