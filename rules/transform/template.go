package transform

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// ErrQuotedObject means that a placeholder in quotes stands for an object or a list. In
// a JSON template EventBridge does not deliver that.
var ErrQuotedObject = errors.New("transform: an object or a list stands in quotes")

// template is a parsed template: literals and placeholders in turn.
type template struct {
	parts []part
	// lines is set for lines of text, unset for one JSON value.
	lines bool
}

// part is a literal, or a placeholder where value is set.
type part struct {
	literal string
	name    string
	value   source
	quoted  bool
}

// source takes a placeholder's value from the event; nil is no value.
type source func(event.Event, Context) event.Value

// predefined are the placeholders that every template has.
var predefined = map[string]source{
	"aws.events.rule-arn": func(_ event.Event, c Context) event.Value { return event.AppendString(nil, c.RuleARN) },
	"aws.events.rule-name": func(_ event.Event, c Context) event.Value {
		return event.AppendString(nil, c.RuleName)
	},
	"aws.events.event.ingestion-time": func(_ event.Event, c Context) event.Value {
		return event.AppendString(nil, event.FormatTime(c.Ingestion))
	},
	"aws.events.event":      func(ev event.Event, _ Context) event.Value { return envelope(ev) },
	"aws.events.event.json": func(ev event.Event, _ Context) event.Value { return path(nil).find(ev) },
}

// envelope is the event without its detail, in the order and with the names that AWS
// gives it.
func envelope(ev event.Event) event.Value {
	raw := path(nil).find(ev)
	b := []byte{'{'}
	for _, m := range [...][2]string{{"id", "id"}, {"account", "account"}, {"detailType", "detail-type"}, {"time", "time"},
		{"source", "source"}, {"region", "region"}, {"resources", "resources"}, {"version", "version"}} {
		v := raw.Get(m[1])
		if v == nil {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(event.AppendString(b, m[0]), ':')
		b = append(b, v...)
	}
	return append(b, '}')
}

var (
	placeholder = regexp.MustCompile(`<([A-Za-z0-9_.-]+)>`)
	pathName    = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
)

// FromTemplate makes an Input of a template and the paths that it names: EventBridge's
// InputTransformer.
func FromTemplate(paths map[string]string, text string) (Input, []Error) {
	sources, errs := readPaths(paths)
	if n := utf8.RuneCountInString(text); n > MaxText {
		return Input{}, append(errs, tooLong("the template", n, MaxText))
	}
	t := &template{lines: strings.HasPrefix(strings.TrimSpace(text), `"`)}
	sample, more := t.parse(text, paths, sources)
	errs = append(errs, more...)
	errs = append(errs, t.check(text, sample)...)
	if len(errs) > 0 {
		return Input{}, errs
	}
	return Input{t.render}, nil
}

func readPaths(paths map[string]string) (map[string]source, []Error) {
	var errs []Error
	if len(paths) > MaxPaths {
		errs = append(errs, Error{Code: "I005", Length: 1, Message: fmt.Sprintf("the template has %d paths", len(paths)),
			Label: fmt.Sprintf("write at most %d", MaxPaths)})
	}
	sources := maps.Clone(predefined)
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		if !pathName.MatchString(name) || len(name) > MaxName {
			errs = append(errs, Error{Code: "I004", Key: name, Length: 1, Message: fmt.Sprintf("the name %q does not fit into <…>", name),
				Label: fmt.Sprintf("write letters, digits, - and _, at most %d", MaxName)})
		}
		p, err := parsePath(paths[name])
		if err != nil {
			err.Key = name
			errs = append(errs, *err)
			continue
		}
		sources[name] = func(ev event.Event, _ Context) event.Value { return p.find(ev) }
	}
	return sources, errs
}

// parse takes text apart. The sample is text with a value in the place of every
// placeholder, byte for byte as long: text makes JSON whenever its sample is JSON.
func (t *template) parse(text string, paths map[string]string, sources map[string]source) (sample []byte, errs []Error) {
	sample = []byte(text)
	quoted, last := false, 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(text, -1) {
		literal, name := text[last:m[0]], text[m[2]:m[3]]
		quoted = endsQuoted(literal, quoted)
		last = m[1]
		if _, misread := paths[name]; sources[name] == nil && !misread {
			errs = append(errs, unknownPlaceholder(text, m[0], name, paths))
		}
		t.parts = append(t.parts, part{literal: literal}, part{name: name, value: sources[name], quoted: quoted})
		fill(sample[m[0]:m[1]], quoted)
	}
	t.parts = append(t.parts, part{literal: text[last:]})
	return sample, errs
}

// endsQuoted says whether literal, which starts within quotes or not, ends within them.
func endsQuoted(literal string, quoted bool) bool {
	for i := 0; i < len(literal); i++ {
		switch {
		case literal[i] == '\\' && quoted:
			i++
		case literal[i] == '"':
			quoted = !quoted
		}
	}
	return quoted
}

// fill writes a stand-in for a placeholder's value: text, or a number that cannot join
// what stands beside it.
func fill(b []byte, quoted bool) {
	for i := range b {
		b[i] = ' '
	}
	if !quoted {
		b[1] = '0'
	}
}

func unknownPlaceholder(text string, at int, name string, paths map[string]string) Error {
	e := Error{Code: "I002", Placeholder: name, Offset: utf8.RuneCountInString(text[:at]), Length: len(name) + 2,
		Message: fmt.Sprintf("unknown placeholder <%s>", name)}
	known := append(slices.Sorted(maps.Keys(paths)), slices.Sorted(maps.Keys(predefined))...)
	e.Label = fmt.Sprintf("give %q a path", name)
	e.Help = "known here: " + strings.Join(known, ", ")
	return e
}

// check finds templates that can never be JSON.
func (t *template) check(text string, sample []byte) []Error {
	if len(strings.TrimSpace(text)) == 0 {
		return []Error{{Code: "I003", Length: 1, Message: "the template is empty", Label: "write JSON, or text in quotes"}}
	}
	if e, ok := t.quotedKey(text); ok {
		return []Error{e}
	}
	if !t.lines {
		if err := event.Check(sample); err != nil {
			e := notJSON(text, 0, err)
			e.Label = "write JSON, or put each line of text into quotes"
			return []Error{e}
		}
		return nil
	}
	return checkLines(text, sample)
}

func checkLines(text string, sample []byte) (errs []Error) {
	start := 0
	for line := range strings.Lines(string(sample)) {
		trimmed := strings.TrimSpace(line)
		if trimmed != "" {
			if err := event.Check([]byte(line)); err != nil {
				e := notJSON(text, start, err)
				e.Label = `write each line of text in quotes, a line break in it as \n`
				errs = append(errs, e)
			} else if trimmed[0] != '"' {
				errs = append(errs, Error{Code: "I003", Offset: utf8.RuneCountInString(text[:start]),
					Length: utf8.RuneCountInString(trimmed), Message: "this line is not text", Label: "put it into quotes"})
			}
		}
		start += len(line)
	}
	return errs
}

// quotedKey finds a placeholder in the name of a member: EventBridge's page forbids it,
// because two of them could become the same name.
func (t *template) quotedKey(text string) (Error, bool) {
	at := 0
	for i, p := range t.parts {
		if p.name == "" {
			at += len(p.literal)
			continue
		}
		if p.quoted && t.endsAsKey(i+1) {
			return Error{Code: "I003", Offset: utf8.RuneCountInString(text[:at]), Length: len(p.name) + 2,
				Message: fmt.Sprintf("<%s> is the name of a member", p.name), Label: "write the name out"}, true
		}
		at += len(p.name) + 2
	}
	return Error{}, false
}

// endsAsKey says whether the quotes that are open at part i close before a colon.
func (t *template) endsAsKey(i int) bool {
	for ; i < len(t.parts); i++ {
		literal := t.parts[i].literal
		for j := 0; j < len(literal); j++ {
			switch literal[j] {
			case '\\':
				j++
			case '"':
				return strings.HasPrefix(strings.TrimLeft(literal[j+1:], " \t\r\n"), ":")
			}
		}
	}
	return false
}

func (t *template) render(ev event.Event, c Context) ([]byte, error) {
	var out []byte
	for _, p := range t.parts {
		if p.value == nil {
			out = append(out, p.literal...)
			continue
		}
		v := p.value(ev, c)
		switch kind := v.Kind(); {
		case !p.quoted && kind == event.Missing:
			out = append(out, `""`...)
		case !p.quoted:
			out = append(out, v...)
		case kind == event.String:
			out = append(out, v[1:len(v)-1]...)
		case kind == event.Object || kind == event.Array:
			if !t.lines {
				return nil, fmt.Errorf("%w: write <%s> without quotes", ErrQuotedObject, p.name)
			}
			out = appendBare(out, v)
		default:
			out = append(out, v...)
		}
	}
	return out, nil
}

// appendBare appends JSON without its quotes and white space. What is left is the
// content of a JSON text: other escapes stay as they are.
func appendBare(out []byte, v event.Value) []byte {
	quoted := false
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && v[i+1] == '"':
			i++
		case c == '\\':
			out = append(out, c, v[i+1])
			i++
		case quoted || c != ' ' && c != '\t' && c != '\r' && c != '\n':
			out = append(out, c)
		}
	}
	return out
}
