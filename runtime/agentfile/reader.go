package agentfile

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// document is a configuration, or a part of one.
type document = *source.Value

// reader makes a plan of documents and collects findings.
type reader struct {
	o        Options
	plan     *Plan
	findings diag.List
	// file is the name of the file that a value stands in.
	file map[any]string
}

// fields says what reads each member of an object.
type fields map[string]func(v document, path string)

// find adds a finding about a value.
func (r *reader) find(v document, f diag.Finding) {
	f.File, f.Pos = r.file[v], v.Pos
	r.findings = append(r.findings, f)
}

// wrong adds an error: what the value is, and what to write.
func (r *reader) wrong(v document, path, label, format string, args ...any) {
	r.find(v, diag.Finding{Code: codeValue, Path: path, Message: fmt.Sprintf(format, args...), Label: label})
}

// warn adds a warning.
func (r *reader) warn(v document, code, path, label, format string, args ...any) {
	r.find(v, diag.Finding{Code: code, Severity: diag.Warning, Path: path, Message: fmt.Sprintf(format, args...), Label: label})
}

// elsewhere reads what is not collected here.
func (r *reader) elsewhere(label string) func(document, string) {
	return func(v document, path string) {
		r.warn(v, codeElsewhere, path, label, "%s is not done here", path)
	}
}

// lastName is the name at the end of a path.
func lastName(path string) string {
	name := path[strings.LastIndexByte(path, '.')+1:]
	name, _, _ = strings.Cut(name, "[")
	return name
}

// join puts a name behind a path.
func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// object reads the members of an object.
func (r *reader) object(v document, path string, f fields) {
	if !r.is(v, path, event.Object) {
		return
	}
	for _, m := range v.Members {
		at := join(path, m.Name)
		if read, ok := f[m.Name]; ok {
			read(m.Value, at)
			continue
		}
		label := "the names here are " + strings.Join(slices.Sorted(maps.Keys(f)), ", ")
		if near := diag.Nearest(m.Name, slices.Collect(maps.Keys(f))); near != "" {
			label = fmt.Sprintf("did you mean %q?", near)
		}
		r.findings = append(r.findings, diag.Finding{
			Code: codeUnknown, Severity: diag.Warning, File: r.file[m.Value], Pos: m.Pos, Path: at,
			Message: fmt.Sprintf("unknown name %q", m.Name), Label: label,
		})
	}
}

// kindNames say what a value of a kind is written as.
var kindNames = map[event.Kind]string{
	event.Object: `an object {"name": …}`, event.Array: "a list […]", event.String: `a text "…"`, event.Number: "a number",
	event.Bool: "true or false",
}

func (r *reader) is(v document, path string, kind event.Kind) bool {
	if v.Kind == kind {
		return true
	}
	r.wrong(v, path, "write "+kindNames[kind], "%s is not %s", lastName(path), kindNames[kind])
	return false
}

// items reads the items of a list.
func (r *reader) items(v document, path string, read func(v document, path string)) {
	if !r.is(v, path, event.Array) {
		return
	}
	for i, item := range v.Items {
		read(item, fmt.Sprintf("%s[%d]", path, i))
	}
}

// text reads a text that is not empty; variables in it are filled in.
func (r *reader) text(v document, path string) (string, bool) {
	if !r.is(v, path, event.String) {
		return "", false
	}
	if v.Text == "" {
		r.wrong(v, path, "write a text, or leave the name out", "%s is empty", lastName(path))
		return "", false
	}
	return r.variables(v, path)
}

// variable is an environment variable in a text; the agent's own ${aws:…} is none.
var variable = regexp.MustCompile(`\$\{[A-Za-z_][A-Za-z0-9_]*\}`)

// variables fills in environment variables; ok is false if one is not set.
func (r *reader) variables(v document, path string) (text string, ok bool) {
	ok = true
	text = variable.ReplaceAllStringFunc(v.Text, func(name string) string {
		value, set := r.o.Env(name[2 : len(name)-1])
		if !set {
			ok = false
			r.warn(v, codePlaceholder, path, "set it, or write the value", "the environment has no variable %s; %s is left out", name[2:len(name)-1], lastName(path))
		}
		return value
	})
	return text, ok
}

// into reads a text into a variable.
func (r *reader) into(s *string) func(document, string) {
	return func(v document, path string) {
		if text, ok := r.text(v, path); ok {
			*s = text
		}
	}
}

// flag reads true or false; INI files have texts.
func (r *reader) flag(b *bool) func(document, string) {
	return func(v document, path string) {
		if v.Kind == event.String && (v.Text == "true" || v.Text == "false") || r.is(v, path, event.Bool) {
			*b = v.Text == "true"
		}
	}
}

// number reads a whole number between bounds.
func (r *reader) number(v document, path string, least, most int) (int, bool) {
	if v.Kind != event.String && !r.is(v, path, event.Number) {
		return 0, false
	}
	n, err := strconv.Atoi(v.Text)
	if err != nil || n < least || n > most {
		r.wrong(v, path, fmt.Sprintf("write a whole number from %d to %d", least, most), "%s cannot be %.20s", lastName(path), v.Text)
		return 0, false
	}
	return n, true
}

// maxSeconds is the longest interval of the agent's schema: two days.
const maxSeconds = 172_800

// seconds reads an interval.
func (r *reader) seconds(d *time.Duration, least int) func(document, string) {
	return func(v document, path string) {
		if n, ok := r.number(v, path, least, maxSeconds); ok {
			*d = time.Duration(n) * time.Second
		}
	}
}

// texts reads a list of texts. An empty one is not nil.
func (r *reader) texts(list *[]string) func(document, string) {
	return func(v document, path string) {
		all := []string{}
		r.items(v, path, func(v document, path string) {
			if text, ok := r.text(v, path); ok {
				all = append(all, text)
			}
		})
		*list = all
	}
}

// expression reads a regular expression.
func (r *reader) expression(re **regexp.Regexp) func(document, string) {
	return func(v document, path string) {
		if !r.is(v, path, event.String) {
			return
		}
		compiled, err := regexp.Compile(v.Text)
		if err != nil {
			r.wrong(v, path, "write one as https://pkg.go.dev/regexp/syntax says", "%s is no regular expression: %v", lastName(path), err)
			return
		}
		*re = compiled
	}
}

// parse reads one file; ini says in which language it is.
func (r *reader) parse(f rulefile.File) (doc document, ini bool) {
	var findings diag.List
	text := strings.TrimPrefix(string(f.Data), "\ufeff")
	if ini = !strings.HasPrefix(strings.TrimSpace(text), "{"); ini {
		doc, findings = parseINI(f.Name, text)
	} else {
		doc, findings = source.ParseJSON(f.Name, []byte(text))
	}
	r.findings = append(r.findings, findings...)
	if doc != nil {
		r.stands(doc, f.Name)
	}
	return doc, ini
}

// stands notes which file a value stands in, and reports names that stand twice.
func (r *reader) stands(v document, file string) {
	r.file[v] = file
	for _, item := range v.Items {
		r.stands(item, file)
	}
	seen := map[string]diag.Pos{}
	for _, m := range v.Members {
		r.stands(m.Value, file)
		if first, twice := seen[m.Name]; twice {
			r.findings = append(r.findings, diag.Finding{
				Code: codeTwice, File: file, Pos: m.Pos, Path: m.Name,
				Message: fmt.Sprintf("%q stands twice, first on line %d", m.Name, first.Line), Label: "keep one of them",
			})
		} else {
			seen[m.Name] = m.Pos
		}
	}
}
