package template

import (
	"encoding/json"
	"regexp"
	"strings"
	"text/template"

	"github.com/tocsin-engine/tocsin/runtime/lambdapack"
)

// Terraform writes configuration for Terraform and OpenTofu, formatted as their fmt does.
func Terraform(p lambdapack.Plan) []File {
	files := render("terraform", template.FuncMap{
		"text": hcl,
		// A text within a text in double quotes.
		"inside":  func(text string) string { return hclTemplate(escape(text)) },
		"pattern": func(indent int, raw json.RawMessage) string { return hclTemplate(layout(indent, parse(raw))) },
	}, p)
	for i := range files {
		files[i].Data = []byte(aligned(strings.TrimLeft(string(files[i].Data), "\n")))
	}
	return files
}

// attribute is a line with the whole of an attribute: its indent, name and value.
var attribute = regexp.MustCompile(`^( *)("(?:[^"\\]|\\.)*"|[A-Za-z_][\w-]*) = (.*[^\[{(])$`)

// aligned puts the equals signs of attributes that follow each other below each other.
func aligned(text string) string {
	var out []string
	var run [][]string
	flush := func() {
		width := 0
		for _, m := range run {
			width = max(width, len([]rune(m[2])))
		}
		for _, m := range run {
			out = append(out, m[1]+m[2]+strings.Repeat(" ", width-len([]rune(m[2])))+" = "+m[3])
		}
		run = nil
	}
	for line := range strings.SplitSeq(text, "\n") {
		m := attribute.FindStringSubmatch(line)
		if m == nil || strings.HasSuffix(line, "<<-EOT") || len(run) > 0 && run[0][1] != m[1] {
			flush()
		}
		if m == nil || strings.HasSuffix(line, "<<-EOT") {
			out = append(out, line)
			continue
		}
		run = append(run, m)
	}
	flush()
	return strings.Join(out, "\n")
}
