package logfile

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/unicode"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// split splits text in pieces of size bytes.
func split(l Log, text string, size int) (texts []string, s *splitter) {
	s = newSplitter(&l, 0)
	emit := func(text string) { texts = append(texts, text) }
	for piece := range slices.Chunk([]byte(text), size) {
		s.write(piece, noon, emit)
	}
	s.finish(noon, emit)
	return texts, s
}

func TestSplit(t *testing.T) {
	utf16 := func(text string) string {
		s, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	encoding := func(name string) Encoding {
		e, err := ParseEncoding(name)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	for _, tc := range []struct {
		name, text string
		log        Log
		want       []string
	}{
		{"lines", "a\nb\n", Log{}, []string{"a", "b"}},
		{"no newline at the end", "a\nb", Log{}, []string{"a", "b"}},
		{"carriage returns", "a\r\nb\r\n", Log{}, []string{"a", "b"}},
		{"an indented line goes on", "a\n  at x\n\tat y\nb\n", Log{}, []string{"a\n  at x\n\tat y", "b"}},
		{"a first line that goes on with nothing", "  x\na\n", Log{}, []string{"  x", "a"}},
		{"empty lines", "\n\na\n\n\nb\n", Log{}, []string{"a", "b"}},
		{"a start pattern", "1 a\nb\n\nc\n2 d\n", Log{Start: regexp.MustCompile(`^\d`)}, []string{"1 a\nb\n\nc", "2 d"}},
		{"utf-16 with a mark", utf16("añ\ncĊ\n"), Log{Encoding: encoding("utf-16")}, []string{"añ", "cĊ"}},
		{"utf-16, big end first", "\x00a\x00\r\x00\n\x0a\x00\x00\n", Log{Encoding: encoding("UTF-16BE")}, []string{"a", "\u0a00"}},
		{"latin 1", "caf\xe9\n", Log{Encoding: encoding("iso-8859-1")}, []string{"café"}},
		{"shift_jis", "\x93\xfa\x96{\n", Log{Encoding: encoding("shift_jis")}, []string{"日本"}},
		{"no utf-8", "caf\xe9\n", Log{}, []string{"caf\ufffd"}},
		{"a byte order mark", "\xef\xbb\xbfa\n", Log{}, []string{"a"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for size := 1; size < 8; size++ {
				got, _ := split(tc.log, tc.text, size)
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("in pieces of %d:\n%s", size, diff)
				}
			}
		})
	}
}

func TestLongLines(t *testing.T) {
	most := strings.Repeat("é", MaxMessage/2)
	for _, tc := range []struct {
		name, text string
		want       []string
		truncated  int
	}{
		{"as long as may be", most + "\nb\n", []string{most, "b"}, 0},
		{"too long", most + "x\nb\n", []string{most[:MaxMessage-len(cut)] + cut, "b"}, 1},
		{"much too long", strings.Repeat(most, 3) + "x\nb\n", []string{most[:MaxMessage-len(cut)] + cut, "b"}, 1},
		{"too long without an end", most + most, []string{most[:MaxMessage-len(cut)] + cut}, 1},
		{"together too long", most + "\n more\nb\n", []string{most, " more", "b"}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, size := range []int{100_000, 1 << 22} {
				got, s := split(Log{}, tc.text, size)
				if !slices.Equal(got, tc.want) || s.truncated != tc.truncated {
					t.Errorf("in pieces of %d: %d texts, %d truncated", size, len(got), s.truncated)
				}
				for _, text := range got {
					if len(text) > MaxMessage {
						t.Errorf("a text has %d bytes", len(text))
					}
				}
			}
		})
	}
}

func TestParseEncoding(t *testing.T) {
	for _, name := range []string{"", "utf-8", "UTF_8", "ascii", "utf-16", "utf_16_le", "gbk", "big5", "euc-kr", "windows-1252", "iso-8859-15", "latin1", "latin-1", "euc_jp", "koi8-r"} {
		if _, err := ParseEncoding(name); err != nil {
			t.Error(err)
		}
	}
	if e, err := ParseEncoding("ucs-2"); err != nil || len(e.newline) != 2 {
		t.Errorf("ucs-2 is %+v, %v", e, err)
	}
	for _, name := range []string{"utf-32", "klingon", "replacement"} {
		if _, err := ParseEncoding(name); err == nil || !strings.Contains(err.Error(), "write") {
			t.Errorf("ParseEncoding(%q) = %v", name, err)
		}
	}
}

// FuzzSplit: in whatever pieces bytes come, the texts are the same; no line is lost,
// none is made up; and reading again at the safe position gives what was not emitted.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{"a\nb\n", "a\n b\n\nc", "\r\n\x00\n", "2026 x\n y\n2027 z\n", "\xff\xfe\n\x00a\x00\n\x00"} {
		f.Add([]byte(s), uint8(3), uint8(0))
	}
	f.Fuzz(func(t *testing.T, text []byte, size, kind uint8) {
		l := []Log{{}, {Start: regexp.MustCompile(`^\d`)}, {Encoding: Encoding{unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), []byte("\n\x00")}}}[kind%3]
		whole, _ := split(l, string(text), max(1, len(text)))
		got, _ := split(l, string(text), int(size)+1)
		if !slices.Equal(got, whole) {
			t.Fatalf("%q in pieces of %d: %q, want %q", text, size+1, got, whole)
		}
		if kind%3 < 2 {
			if diff := cmp.Diff(words(strings.ToValidUTF8(string(text), "\ufffd")), words(strings.Join(whole, "\n"))); diff != "" {
				t.Fatalf("%q: %s", text, diff)
			}
		}
		var first []string
		s := newSplitter(&l, 0)
		s.write(text, noon, func(text string) { first = append(first, text) })
		again := newSplitter(&l, s.safe())
		emit := func(text string) { first = append(first, text) }
		again.write(text[s.safe():], noon, emit)
		again.finish(noon, emit)
		if !slices.Equal(first, whole) {
			t.Fatalf("%q, begun again at %d: %q, want %q", text, s.safe(), first, whole)
		}
	})
}

// words are the lines that hold something, without what the splitter takes off.
func words(text string) (list []string) {
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimRight(strings.TrimPrefix(line, "\ufeff"), "\r"); line != "" {
			list = append(list, line)
		}
	}
	return list
}
