package diag

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text writes each finding with its line and a caret that stands where the fix goes:
//
//	error[R001]: unknown field "patern"
//	  --> rules/orders.yaml:4:5  rules[0].patern
//	  |
//	4 |     patern:
//	  |     ^^^^^^ did you mean "pattern"?
//	  = help: rule fields: name, description, pattern, when, targets
//
// and a blank line between findings.
func (r Report) Text(w io.Writer) error {
	lines := map[string][][]byte{}
	var b bytes.Buffer
	for i, f := range r.Findings {
		if i > 0 {
			b.WriteByte('\n')
		}
		if _, read := lines[f.File]; !read {
			lines[f.File] = bytes.Split(bytes.TrimPrefix(r.Sources[f.File], []byte("\ufeff")), []byte("\n"))
		}
		r.finding(&b, f, lines[f.File])
	}
	_, err := w.Write(b.Bytes())
	return err
}

// finding writes one finding.
func (r Report) finding(b *bytes.Buffer, f Finding, lines [][]byte) {
	p := r.painter(f.Severity)
	fmt.Fprintf(b, "%s: %s\n", p.loud(fmt.Sprintf("%s[%s]", f.Severity, f.Code)), p.bold(printable(f.Message, r.ASCII)))
	gutter := strings.Repeat(" ", len(strconv.Itoa(f.Line))+1)
	where := f.File
	if f.Line > 0 {
		where += fmt.Sprintf(":%d:%d", f.Line, f.Column)
	}
	if f.Path != "" {
		where += "  " + f.Path
	}
	fmt.Fprintf(b, "%s%s %s\n", gutter, p.dim("-->"), printable(where, r.ASCII))
	if f.Line > 0 && f.Line <= len(lines) {
		source, before, under := excerpt(string(bytes.TrimRight(lines[f.Line-1], "\r")), f.Pos)
		fmt.Fprintf(b, "%s%s\n", gutter, p.dim("|"))
		fmt.Fprintf(b, "%s %s\n", p.dim(fmt.Sprintf("%d |", f.Line)), printable(source, r.ASCII))
		caret := blank(printable(before, r.ASCII)) + p.loud(strings.TrimRight(carets(printable(under, r.ASCII))+" "+printable(f.Label, r.ASCII), " "))
		fmt.Fprintf(b, "%s%s %s\n", gutter, p.dim("|"), caret)
	} else if f.Label != "" {
		fmt.Fprintf(b, "%s%s %s\n", gutter, p.dim("="), printable(f.Label, r.ASCII))
	}
	if f.Help != "" {
		fmt.Fprintf(b, "%s%s %s\n", gutter, p.dim("="), "help: "+printable(f.Help, r.ASCII))
	}
}

// excerpt cuts a line to what fits beside its place: the line, what stands before the
// place, and the place's own text.
func excerpt(line string, at Pos) (shown, before, under string) {
	const keepBefore, keepAfter = 100, 120
	runes := []rune(line)
	from := min(at.Column-1, len(runes))
	to := min(from+max(at.Length, 1), len(runes))
	start, end := 0, len(runes)
	cutStart, cutEnd := "", ""
	if from > keepBefore {
		start, cutStart = from-keepBefore/2, "…"
	}
	if end > from+keepAfter {
		end, cutEnd = from+keepAfter, "…"
	}
	to = min(to, end)
	return cutStart + string(runes[start:end]) + cutEnd, cutStart + string(runes[start:from]), string(runes[from:to])
}

// blank is the white space as wide as text: tabs stay tabs.
func blank(text string) string {
	return strings.Map(func(c rune) rune {
		if c == '\t' {
			return c
		}
		return ' '
	}, columns(text))
}

// carets underlines text.
func carets(text string) string {
	return strings.Repeat("^", max(1, utf8.RuneCountInString(columns(text))))
}

// columns is text with one character for each column a terminal gives it.
func columns(text string) string {
	var b strings.Builder
	for _, c := range text {
		switch {
		case unicode.In(c, unicode.Mn, unicode.Me, unicode.Cf):
		case wide(c):
			b.WriteString("xx")
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// wide says whether a terminal gives c two columns: East Asian wide characters and
// pictures.
func wide(c rune) bool {
	switch {
	case c < 0x1100:
		return false
	case c <= 0x115f, c >= 0x2e80 && c <= 0x303e, c >= 0x3041 && c <= 0xa4cf, c >= 0xac00 && c <= 0xd7a3,
		c >= 0xf900 && c <= 0xfaff, c >= 0xfe30 && c <= 0xfe6f, c >= 0xff00 && c <= 0xff60,
		c >= 0xffe0 && c <= 0xffe6, c >= 0x1f300 && c <= 0x1faff, c >= 0x20000 && c <= 0x3fffd:
		return true
	}
	return false
}

// asciiFor are the characters of our own sentences that ASCII writes otherwise.
var asciiFor = map[rune]string{'…': "...", '≤': "<=", '≥': ">=", '–': "-", '—': "-", '→': "->", '“': `"`, '”': `"`, '’': "'"}

// printable keeps text from doing anything to a terminal but being read.
func printable(text string, ascii bool) string {
	var b strings.Builder
	for _, c := range text {
		switch {
		case c == '\t':
			b.WriteRune(c)
		case ascii && c >= 0x80:
			if s, ok := asciiFor[c]; ok {
				b.WriteString(s)
			} else {
				b.WriteByte('?')
			}
		case unicode.IsControl(c), unicode.In(c, unicode.Cf), c == unicode.ReplacementChar:
			b.WriteByte('?')
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// painter paints parts of a finding, or does not.
type painter struct{ on, warning bool }

func (r Report) painter(s Severity) painter { return painter{r.Color, s == Warning} }

func (p painter) paint(code, text string) string {
	if !p.on {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// loud is red, or yellow for a warning.
func (p painter) loud(text string) string {
	if p.warning {
		return p.paint("1;33", text)
	}
	return p.paint("1;31", text)
}

func (p painter) bold(text string) string { return p.paint("1", text) }
func (p painter) dim(text string) string  { return p.paint("34", text) }
