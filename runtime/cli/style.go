package cli

import (
	"io"
	"os"
	"strings"

	"github.com/mattn/go-isatty"
)

// style is how one stream is printed: with colour or not, in Unicode or ASCII. Colour
// never carries a meaning alone.
type style struct {
	colour  bool
	unicode bool
	// terminal says that a person watches the stream.
	terminal bool
}

// newStyle decides for one stream. mode is auto, always or never; NO_COLOR counts only
// for auto.
func newStyle(mode string, w io.Writer, env func(string) (string, bool)) style {
	s := style{terminal: isTerminal(w), unicode: isUTF8(env)}
	noColour, _ := env("NO_COLOR")
	term, _ := env("TERM")
	s.colour = mode == "always" || mode == "auto" && s.terminal && noColour == "" && term != "dumb"
	return s
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// isUTF8 follows POSIX: LC_ALL before LC_CTYPE before LANG; none of them means the C
// locale, which is ASCII.
func isUTF8(env func(string) (string, bool)) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value, _ := env(name); value != "" {
			value = strings.ToLower(value)
			return strings.Contains(value, "utf-8") || strings.Contains(value, "utf8")
		}
	}
	return false
}

func (s style) paint(code, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s style) good(text string) string   { return s.paint("32", text) }
func (s style) bad(text string) string    { return s.paint("31", text) }
func (s style) warn(text string) string   { return s.paint("33", text) }
func (s style) faint(text string) string  { return s.paint("2", text) }
func (s style) strong(text string) string { return s.paint("1", text) }

func (s style) pick(unicode, ascii string) string {
	if s.unicode {
		return unicode
	}
	return ascii
}

// tick, cross, mark and dot begin a line: it holds, it does not, look here, nothing to
// say.
func (s style) tick() string  { return s.good(s.pick("✓", "ok")) }
func (s style) cross() string { return s.bad(s.pick("✗", "no")) }
func (s style) mark() string  { return s.warn("!") }
func (s style) dot() string   { return s.faint(s.pick("·", "-")) }
func (s style) arrow() string { return s.pick("→", "->") }
func (s style) left() string  { return s.pick("←", "<-") }
