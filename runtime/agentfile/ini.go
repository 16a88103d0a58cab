package agentfile

import (
	"cmp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tocsin-engine/tocsin/ingest/agent/logfile"
	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// parseINI reads the language of awslogs.conf: sections in brackets, names and values
// separated by = or :, lines that go on when the next is indented, # and ; for comments.
// The result is an object of objects of texts.
func parseINI(file, text string) (document, diag.List) {
	p := iniParser{file: file, doc: &source.Value{Kind: event.Object, Pos: diag.Pos{Line: 1, Column: 1, Length: 1}}}
	for i, line := range strings.Split(text, "\n") {
		p.line(i+1, strings.TrimRight(line, " \t\r"))
	}
	return p.doc, p.findings
}

type iniParser struct {
	file     string
	doc      *source.Value
	section  *source.Value // nil before the first
	value    *source.Value // nil where no value can go on
	findings diag.List
}

func (p *iniParser) line(n int, line string) {
	text := strings.TrimLeft(line, " \t")
	at := diag.Pos{Line: n, Column: 1 + len(line) - len(text), Length: max(1, utf8.RuneCountInString(text))}
	switch {
	case text == "" || text[0] == '#' || text[0] == ';':
	case len(text) < len(line) && p.value != nil:
		p.value.Text += "\n" + text
	case text[0] == '[' && strings.HasSuffix(text, "]"):
		p.section = &source.Value{Kind: event.Object, Pos: at}
		p.doc.Members = append(p.doc.Members, source.Member{Name: text[1 : len(text)-1], Pos: at, Value: p.section})
		p.value = nil
	default:
		p.entry(text, at)
	}
}

func (p *iniParser) entry(text string, at diag.Pos) {
	i := strings.IndexAny(text, "=:")
	switch {
	case i <= 0:
		p.findings = append(p.findings, diag.Finding{Code: codeValue, File: p.file, Pos: at,
			Message: "this is neither a [section] nor a name = value", Label: "write name = value"})
		return
	case p.section == nil:
		p.findings = append(p.findings, diag.Finding{Code: codeValue, File: p.file, Pos: at,
			Message: "this stands before the first [section]", Label: "write a [section] above it"})
		return
	}
	name := strings.ToLower(strings.TrimSpace(text[:i]))
	value := strings.TrimLeft(text[i+1:], " \t")
	place := at
	place.Column += utf8.RuneCountInString(text) - utf8.RuneCountInString(value)
	place.Length = max(1, utf8.RuneCountInString(value))
	p.value = &source.Value{Kind: event.String, Text: value, Pos: place}
	at.Length = max(1, utf8.RuneCountInString(name))
	p.section.Members = append(p.section.Members, source.Member{Name: name, Pos: at, Value: p.value})
}

// awslogs reads a configuration of the old logs agent.
func (r *reader) awslogs(doc document) {
	l := &r.plan.Logs
	l.Flush = cmp.Or(l.Flush, defaultFlush)
	for _, m := range doc.Members {
		if m.Name == "general" {
			r.object(m.Value, m.Name, fields{
				"state_file":                     r.elsewhere("--state names a folder"),
				"logging_config_file":            r.elsewhere(labelNothing),
				"use_gzip_http_content_encoding": r.elsewhere(labelNothing),
				"queue_size":                     r.elsewhere("--buffer bounds what waits, in bytes"),
			})
			continue
		}
		r.awslogsFile(m.Value, m.Name)
	}
}

// awslogsFile reads a section, which is one log.
func (r *reader) awslogsFile(v document, path string) {
	f := logfile.Log{Stream: "{hostname}", Location: time.Local}
	start := (document)(nil)
	r.object(v, path, fields{
		"file":                     r.filePath(&f),
		"log_group_name":           r.into(&f.Group),
		"log_stream_name":          r.into(&f.Stream),
		"datetime_format":          r.timestamp(&f.Timestamp),
		"time_zone":                r.zone(&f.Location),
		"multi_line_start_pattern": func(v document, _ string) { start = v },
		"encoding":                 r.encoding(&f.Encoding),
		"initial_position": func(v document, path string) {
			if f.FromEnd = v.Text == "end_of_file"; !f.FromEnd && v.Text != "start_of_file" {
				r.wrong(v, path, "write start_of_file or end_of_file", "reading cannot begin at %.40q", v.Text)
			}
		},
		"buffer_duration": func(v document, path string) {
			if ms, ok := r.number(v, path, 1000, 1000*maxSeconds); ok {
				r.plan.Logs.Flush = time.Duration(ms) * time.Millisecond
			}
		},
		"file_fingerprint_lines": r.elsewhere("a file is known by what was read last"),
		"batch_count":            r.elsewhere(labelNothing),
		"batch_size":             r.elsewhere(labelNothing),
	})
	if start != nil {
		r.start(start, join(path, "multi_line_start_pattern"), "{datetime_format}", &f)
	}
	r.addLog(v, path, f, 0)
}
