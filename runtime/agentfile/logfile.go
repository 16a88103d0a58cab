package agentfile

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/agent/logfile"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// retentions are the days that CloudWatch Logs can keep a group; -1 is for ever.
var retentions = []int{
	-1, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
}

// maxName is the length of a group's or stream's name.
const maxName = 512

// groupName are the names that CloudWatch Logs takes.
var groupName = regexp.MustCompile(`^[A-Za-z0-9._/#-]{1,512}$`)

// logFile reads one entry of collect_list.
func (r *reader) logFile(v document, path, stream string) {
	l := logfile.Log{Stream: stream, Location: time.Local}
	start, retention := (document)(nil), 0
	r.object(v, path, fields{
		"file_path":       r.filePath(&l),
		"log_group_name":  r.into(&l.Group),
		"log_stream_name": r.into(&l.Stream),
		"log_group_class": func(v document, path string) {
			if v.Text != "STANDARD" {
				r.elsewhere(labelNothing)(v, path)
			}
		},
		"multi_line_start_pattern": func(v document, _ string) { start = v },
		"timestamp_format":         r.timestamp(&l.Timestamp),
		"timezone":                 r.zone(&l.Location),
		"trim_timestamp":           r.flag(&l.Trim),
		"encoding":                 r.encoding(&l.Encoding),
		"auto_removal":             r.flag(&l.AutoRemoval),
		"blacklist":                r.expression(&l.Blacklist),
		"publish_multi_logs":       r.flag(&l.All),
		"retention_in_days":        r.retention(&retention),
		"filters": func(v document, path string) {
			r.items(v, path, func(v document, path string) { r.filter(v, path, &l) })
		},
		"from_beginning": func(v document, path string) {
			begin := true
			r.flag(&begin)(v, path)
			l.FromEnd = !begin
		},
		"backpressure_mode":      r.elsewhere("files stay open; what waits is counted"),
		"service.name":           r.elsewhere(labelNothing),
		"deployment.environment": r.elsewhere(labelNothing),
	})
	if start != nil {
		r.start(start, join(path, "multi_line_start_pattern"), "{timestamp_format}", &l)
	}
	r.addLog(v, path, l, retention)
}

// addLog completes an entry and adds it to the plan.
func (r *reader) addLog(v document, path string, l logfile.Log, retention int) {
	if v.Kind != event.Object {
		return
	}
	if l.Path == "" {
		r.wrong(v, path, "add the path, such as /var/log/app/*.log", "the entry names no file")
		return
	}
	if l.Group == "" { // as the agent does
		l.Group = strings.TrimSuffix(l.Path, filepath.Ext(l.Path))
	}
	l.Group, l.Stream = r.place(v, path, l.Group), r.place(v, path, l.Stream)
	if text := strings.ReplaceAll(l.Group, "{date}", "2006-01-02"); !groupName.MatchString(text) {
		r.wrong(v, path, "write log_group_name, of A-Z a-z 0-9 . - _ / #", "a log group cannot be called %q", l.Group)
	}
	if strings.ContainsAny(l.Stream, ":*") || len(l.Stream) > maxName {
		r.wrong(v, path, "write log_stream_name without : and *", "a log stream cannot be called %q", l.Stream)
	}
	if l.All && l.AutoRemoval {
		r.warn(v, codeElsewhere, path, "files that are published together are never removed", "auto_removal does nothing beside publish_multi_logs")
	}
	if retention > 0 {
		if before, ok := r.plan.Logs.Retention[l.Group]; ok && before != retention {
			r.wrong(v, path, "write one of them", "the group %s is to be kept for %d days, and elsewhere for %d", l.Group, retention, before)
		}
		r.plan.Logs.Retention[l.Group] = retention
	}
	r.plan.Logs.Files = append(r.plan.Logs.Files, l)
}

func (r *reader) filePath(l *logfile.Log) func(document, string) {
	return func(v document, path string) {
		text, ok := r.text(v, path)
		if !ok {
			return
		}
		if err := logfile.CheckPath(text); err != nil {
			r.wrong(v, path, "write a path such as /var/log/app/*.log", "%v", err)
			return
		}
		l.Path = text
	}
}

func (r *reader) timestamp(t **logfile.Timestamp) func(document, string) {
	return func(v document, path string) {
		if !r.is(v, path, event.String) {
			return
		}
		parsed, err := logfile.ParseTimestamp(v.Text)
		if err != nil {
			r.wrong(v, path, "write a format such as %Y-%m-%d %H:%M:%S", "%v", err)
			return
		}
		*t = parsed
	}
}

func (r *reader) zone(loc **time.Location) func(document, string) {
	return func(v document, path string) {
		switch v.Text {
		case "UTC":
			*loc = time.UTC
		case "Local", "LOCAL":
			*loc = time.Local
		default:
			r.wrong(v, path, "write UTC or LOCAL", "the agent knows no zone %.40q", v.Text)
		}
	}
}

func (r *reader) encoding(e *logfile.Encoding) func(document, string) {
	return func(v document, path string) {
		parsed, err := logfile.ParseEncoding(v.Text)
		if err != nil {
			r.wrong(v, path, "write utf-8, utf-16le, shift_jis …", "%v", err)
			return
		}
		*e = parsed
	}
}

func (r *reader) retention(days *int) func(document, string) {
	return func(v document, path string) {
		n, ok := r.number(v, path, -1, retentions[len(retentions)-1])
		if !ok {
			return
		}
		if !slices.Contains(retentions, n) {
			r.wrong(v, path, "write one of "+strings.Trim(fmt.Sprint(retentions[1:]), "[]"), "a log group cannot be kept for %d days", n)
			return
		}
		*days = n
	}
}

// filter reads one of an entry's filters.
func (r *reader) filter(v document, path string, l *logfile.Log) {
	var f logfile.Filter
	r.object(v, path, fields{
		"type": func(v document, path string) {
			f.Exclude = v.Text == "exclude"
			if v.Text != "include" && v.Text != "exclude" {
				r.wrong(v, path, "write include or exclude", "a filter cannot be of type %.40q", v.Text)
			}
		},
		"expression": r.expression(&f.Expression),
	})
	if v.Get("expression") == nil || v.Get("type") == nil {
		r.wrong(v, path, `write {"type": "include", "expression": "ERROR"}`, "a filter needs a type and an expression")
	}
	if f.Expression != nil {
		l.Filters = append(l.Filters, f)
	}
}

// start reads what the first line of a record is like; own is the placeholder for the
// entry's own format of times.
func (r *reader) start(v document, path, own string, l *logfile.Log) {
	if v.Text != own {
		r.expression(&l.Start)(v, path)
		return
	}
	if l.Timestamp == nil {
		r.wrong(v, path, "add the format, or write a regular expression", "%s stands for a format that the entry does not have", own)
		return
	}
	l.Start = l.Timestamp.Regexp()
}
