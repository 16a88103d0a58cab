package rulefile

import (
	"fmt"
	"slices"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Load reads the files of one rule set. The Set holds what could be read and is never
// nil; the findings are all there are, sorted by file and place.
func Load(files []File, o Options) (*Set, diag.List) {
	l := &loader{options: o, set: &Set{}, seen: map[string]mention{}}
	for _, f := range files {
		l.add(read(f))
	}
	if !slices.ContainsFunc(l.files, (*reading).incomplete) {
		l.references()
	}
	l.checkPlugins()
	l.checkTargets()
	l.checkLoops()
	var list diag.List
	for _, r := range l.files {
		list = append(list, r.settle()...)
	}
	list.Sort()
	return l.set, list
}

// loader is the state of one Load.
type loader struct {
	options Options
	set     *Set
	files   []*reading
	seen    map[string]mention // first mention of each name: "rule x"
	// What was read with its place, for the checks that need the whole set.
	rules    []readRule
	targets  []readTarget
	plugins  []readPlugin
	archives []place
}

// mention is where a name stands first.
type mention struct {
	file string
	line int
}

// add reads one file into the set.
func (l *loader) add(r *reading) {
	l.files = append(l.files, r)
	root := r.doc.Root
	if root == nil || root.Kind == event.Null {
		if len(r.list) == 0 {
			r.find(diag.Pos{Line: 1, Column: 1, Length: 1}, "", "R010", "this file is empty", "begin it with  version: 1", "")
		}
		return
	}
	fileObject.check(r, root, "")
	if root.Kind != event.Object {
		return
	}
	for _, v := range items(root, "buses") {
		l.bus(r, v)
	}
	for i, v := range items(root, "plugins") {
		l.plugin(r, v, item("plugins", i))
	}
	for i, v := range items(root, "targets") {
		l.target(r, v, item("targets", i))
	}
	for i, v := range items(root, "archives") {
		l.archive(r, v, item("archives", i))
	}
	for i, v := range items(root, "rules") {
		l.rule(r, v, item("rules", i))
	}
}

// bus adds a custom bus; several files may list it.
func (l *loader) bus(r *reading, v *source.Value) {
	if v.Kind == event.String && v.Text != "default" && !slices.Contains(l.set.Buses, v.Text) {
		l.set.Buses = append(l.set.Buses, v.Text)
	}
}

// unique reports a name that another thing of this kind has, anywhere in the set.
func (l *loader) unique(r *reading, v *source.Value, kind, path string) {
	name := v.Get("name")
	if name == nil || name.Kind != event.String {
		return
	}
	key := kind + " " + name.Text
	if first, twice := l.seen[key]; twice {
		r.find(name.Pos, child(path, "name"), "R007", fmt.Sprintf("there are two %ss called %q", kind, shorten(name.Text)),
			"choose another name", fmt.Sprintf("the first is at %s:%d", first.file, first.line))
		return
	}
	l.seen[key] = mention{r.name, name.Pos.Line}
}

// namesOf lists the names of things, sorted, for a finding's help.
func namesOf[T any](all []T, name func(T) string) []string {
	var out []string
	for _, x := range all {
		if n := name(x); n != "" {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
