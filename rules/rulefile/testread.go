package rulefile

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// TestStart is where the virtual clock of a test begins by default.
var TestStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// maxSteps is how many steps one test may have, each repetition counted.
const maxSteps = 100_000

// ParseTests reads one *_test.yaml. The TestFile holds what could be read and is never
// nil.
func ParseTests(file File) (*TestFile, diag.List) {
	r := read(file)
	out := &TestFile{Name: file.Name}
	if root := r.doc.Root; root == nil {
		if len(r.list) == 0 {
			r.find(diag.Pos{Line: 1, Column: 1, Length: 1}, "", "R010", "this file is empty", "begin it with  version: 1", "")
		}
	} else {
		testFileObject.check(r, root, "")
		t := testReader{reading: r, file: out, seen: map[string]int{}}
		for i, v := range items(root, "tests") {
			t.test(v, item("tests", i))
		}
	}
	list := r.settle()
	list.Sort()
	return out, list
}

// memberPath is a way to a member of an event: detail.items[0].price.
var memberPath = regexp.MustCompile(`^[^.\[\]]+(\[[0-9]{1,9}\])*(\.[^.\[\]]+(\[[0-9]{1,9}\])*)*$`)

// testReader reads the tests of one file.
type testReader struct {
	*reading
	file *TestFile
	seen map[string]int // line of each test's name
}

// test reads one test.
func (t *testReader) test(v *source.Value, path string) {
	if v.Kind != event.Object {
		return
	}
	out := Test{Name: text(v, "name"), Start: TestStart, Pos: v.Pos, Respond: responses(v.Get("respond"))}
	if name := v.Get("name"); name != nil {
		out.Pos = name.Pos
		t.uniqueTest(name, child(path, "name"))
	}
	if start, err := time.Parse(time.RFC3339, text(v, "start")); err == nil {
		out.Start = start.UTC()
	}
	if v.Get("steps") != nil {
		t.noEventBeside(v, path)
		out.Steps = t.steps(v, path)
	} else {
		step := t.step(v, path)
		step.Deliver, step.Dead = t.wants(v, "deliver", path), t.wants(v, "dead", path)
		step.Settle = true
		out.Steps = []Step{step}
		if !hasEvent(v) {
			t.find(out.Pos, path, "T001", "nothing happens in this test", "add an event, an event_file, or steps", "")
		}
	}
	t.mention("target", v.Get("respond"), child(path, "respond"))
	t.expects(v, out, path)
	t.file.Tests = append(t.file.Tests, out)
}

// uniqueTest reports a name that a test of this file has.
func (t *testReader) uniqueTest(name *source.Value, path string) {
	if line, twice := t.seen[name.Text]; twice {
		t.find(name.Pos, path, "T004", "two tests have this name", "choose another name", fmt.Sprintf("the first is on line %d", line))
		return
	}
	t.seen[name.Text] = name.Pos.Line
}

// noEventBeside reports fields of a single event in a test that has steps.
func (t *testReader) noEventBeside(v *source.Value, path string) {
	for _, m := range v.Members {
		switch m.Name {
		case "event", "event_file", "with", "bus", "times", "match":
			t.find(m.Pos, child(path, m.Name), "T002", fmt.Sprintf("%q beside steps", m.Name), "move it into a step", "")
		case "deliver", "dead":
			t.find(m.Pos, child(path, m.Name), "T002", fmt.Sprintf("%q beside steps", m.Name), "move it into the expect of a step", "")
		}
	}
}

// expects reports a test that cannot fail.
func (t *testReader) expects(v *source.Value, test Test, path string) {
	if t.list.Errors() > 0 {
		return
	}
	for _, s := range test.Steps {
		if s.Match != nil || s.Deliver != nil || s.Dead != nil {
			return
		}
	}
	t.find(test.Pos, path, "T005", "this test expects nothing", "add match or deliver", "match: [] says that no rule may match")
}

// steps reads the steps of a test, repetitions written out, in the order of their time.
func (t *testReader) steps(v *source.Value, path string) []Step {
	var out []Step
	var at time.Duration
	for i, s := range items(v, "steps") {
		if s.Kind != event.Object {
			continue
		}
		path := child(path, item("steps", i))
		step := t.step(s, path)
		t.needsEvent(s, path)
		if e := s.Get("expect"); e != nil && e.Kind == event.Object {
			step.Deliver, step.Dead = t.wants(e, "deliver", child(path, "expect")), t.wants(e, "dead", child(path, "expect"))
		}
		moments := t.moments(s, at, path)
		if len(out)+len(moments) > maxSteps {
			t.find(s.Pos, path, "T008", fmt.Sprintf("this makes more than %d steps", maxSteps), "repeat it less often", "")
			return out
		}
		for _, at = range moments {
			step.At = at
			out = append(out, step)
		}
	}
	slices.SortStableFunc(out, func(a, b Step) int { return int(a.At - b.At) })
	return out
}

// moments are the times of a step; before is the time of the step before.
func (t *testReader) moments(v *source.Value, before time.Duration, path string) []time.Duration {
	if v.Get("each") == nil {
		for _, name := range []string{"from", "to"} {
			if v.Get(name) != nil {
				t.find(keyPos(v, name), child(path, name), "T003", fmt.Sprintf("%q without each", name), "add  each: 1m, or write  at:", "")
			}
		}
		if at, ok := parseDuration(text(v, "at")); ok {
			return []time.Duration{at}
		}
		return []time.Duration{before}
	}
	if v.Get("at") != nil {
		t.find(keyPos(v, "at"), child(path, "at"), "T003", "at beside each", "write from and to instead", "")
		return nil
	}
	each, ok := parseDuration(text(v, "each"))
	from, _ := parseDuration(text(v, "from"))
	to, hasEnd := parseDuration(text(v, "to"))
	switch {
	case !ok || each <= 0:
		return nil
	case !hasEnd && v.Get("to") == nil:
		t.find(keyPos(v, "each"), child(path, "each"), "T003", "each has no end", "add  to: 10m", "")
		return nil
	case to < from:
		t.find(keyPos(v, "to"), child(path, "to"), "T003", "to is before from", "write the earlier time in from", "")
		return nil
	case (to-from)/each >= maxSteps:
		t.find(keyPos(v, "each"), child(path, "each"), "T008", fmt.Sprintf("this makes more than %d steps", maxSteps), "repeat it less often", "")
		return nil
	}
	var out []time.Duration
	for at := from; at <= to; at += each {
		out = append(out, at)
	}
	return out
}

// step reads the event of a step, or of a test without steps.
func (t *testReader) step(v *source.Value, path string) Step {
	out := Step{EventFile: text(v, "event_file"), Bus: text(v, "bus"), Times: max(1, number(v, "times")), Pos: v.Pos}
	if e := v.Get("event"); e != nil && e.Kind == event.Object {
		out.Event = e.AppendJSON(nil)
		if v.Get("event_file") != nil {
			t.find(keyPos(v, "event_file"), child(path, "event_file"), "T002", "event and event_file", "keep one of them", "")
		}
	}
	if !hasEvent(v) {
		out.Times = 0
	}
	if w := v.Get("with"); w != nil && w.Kind == event.Object {
		for _, m := range w.Members {
			if !memberPath.MatchString(m.Name) {
				t.find(m.Pos, child(child(path, "with"), m.Name), "T010", fmt.Sprintf("%q is no path to a member", shorten(m.Name)),
					"write it as detail.items[0].price", "")
			}
			out.With = append(out.With, Override{Path: m.Name, Value: m.Value.AppendJSON(nil), Pos: m.Pos})
		}
	}
	if m := v.Get("match"); m != nil && m.Kind == event.Array {
		out.Match = append([]string{}, strs(v, "match")...)
		slices.Sort(out.Match)
		for i, it := range m.Items {
			t.name("rule", it.Text, child(path, item("match", i)), it.Pos)
		}
	}
	return out
}

// hasEvent says whether an event comes in with a step.
func hasEvent(v *source.Value) bool { return v.Get("event") != nil || v.Get("event_file") != nil }

// needsEvent reports fields that are about the event of a step that has none.
func (t *testReader) needsEvent(v *source.Value, path string) {
	for _, name := range []string{"with", "bus", "times", "match"} {
		if v.Get(name) != nil && !hasEvent(v) && v.Get("log") == nil {
			t.find(keyPos(v, name), child(path, name), "T006", fmt.Sprintf("%q without an event", name), "add an event, or an event_file", "")
		}
	}
}

// wants reads what the targets should have got.
func (t *testReader) wants(v *source.Value, name, path string) map[string]Want {
	m := v.Get(name)
	if m == nil || m.Kind != event.Object {
		return nil
	}
	t.mention("target", m, child(path, name))
	out := map[string]Want{}
	for _, target := range m.Members {
		w := Want{Pos: target.Value.Pos}
		if target.Value.Kind == event.Array {
			w.Inputs = [][]byte{}
			for _, it := range target.Value.Items {
				w.Inputs = append(w.Inputs, it.AppendJSON(nil))
			}
			w.Count = len(w.Inputs)
		} else if n, err := strconv.Atoi(target.Value.Text); err == nil {
			w.Count = n
		}
		out[target.Name] = w
	}
	return out
}

// responses reads what the targets answer.
func responses(v *source.Value) map[string][]Response {
	if v == nil || len(v.Members) == 0 {
		return nil
	}
	out := map[string][]Response{}
	for _, m := range v.Members {
		for _, it := range m.Value.Items {
			out[m.Name] = append(out[m.Name], Response(it.Text))
		}
	}
	return out
}

// mention notes the member names of v, which are names of targets.
func (t *testReader) mention(kind string, v *source.Value, path string) {
	if v == nil {
		return
	}
	for _, m := range v.Members {
		t.name(kind, m.Name, child(path, m.Name), m.Pos)
	}
}

// name notes a name for Unknown.
func (t *testReader) name(kind, name, path string, at diag.Pos) {
	t.file.names = append(t.file.names, testName{kind: kind, name: name, path: path, at: at})
}

// Unknown reports the rules and targets that the tests name and the set does not have.
func (f *TestFile) Unknown(set *Set) diag.List {
	known := map[string][]string{
		"rule":   namesOf(set.Rules, func(r Rule) string { return r.Name }),
		"target": namesOf(set.Targets, func(t Target) string { return t.Name }),
	}
	r := &reading{name: f.Name}
	for _, n := range f.names {
		if !slices.Contains(known[n.kind], n.name) {
			missing(r, &source.Value{Text: n.name, Pos: n.at}, n.path, "T009", n.kind, known[n.kind])
		}
	}
	r.list.Sort()
	return r.list
}
