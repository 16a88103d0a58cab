package logfile

import (
	"strings"
	"time"
	"unicode/utf8"
)

// splitter makes texts of a file's bytes: whole lines, and lines that belong together.
type splitter struct {
	log *Log
	// line is what there is of an unfinished line, which began at lineAt; of one that
	// is too long the rest is passed over.
	line    []byte
	lineAt  int64
	tooLong bool
	// next is the offset of the next byte.
	next int64
	// text is an unfinished record, if begun, since its last line came.
	text  strings.Builder
	begun bool
	since time.Time
	// textAt is where the record began.
	textAt int64
	// truncated counts lines that were too long.
	truncated int
}

// newSplitter begins at an offset.
func newSplitter(l *Log, at int64) *splitter {
	return &splitter{log: l, lineAt: at, next: at, textAt: at}
}

// safe is the offset up to which every byte is part of a text that was emitted.
func (s *splitter) safe() int64 {
	if s.begun {
		return s.textAt
	}
	return s.lineAt
}

// write takes the next bytes and emits the texts that are whole.
func (s *splitter) write(b []byte, now time.Time, emit func(string)) {
	s.next += int64(len(b))
	s.line = append(s.line, b...)
	rest := s.line
	for {
		end, next := s.log.Encoding.endOfLine(rest)
		if end < 0 {
			break
		}
		s.endLine(rest[:end], now, emit)
		rest = rest[next:]
		s.lineAt = s.next - int64(len(rest))
	}
	s.line = append(s.line[:0], rest...)
	if limit := s.lineLimit(); len(s.line) > limit {
		if !s.tooLong {
			s.tooLong = true
			s.add(s.cutLine(s.line[:limit]), now, emit)
		}
		part := len(s.line) % max(1, len(s.log.Encoding.newline)) // of a newline, perhaps
		s.line = append(s.line[:0], s.line[len(s.line)-part:]...)
	}
}

// lineLimit is how many bytes of a line are kept; another encoding may need more of
// them for a character than UTF-8 does.
func (s *splitter) lineLimit() int {
	if len(s.log.Encoding.newline) > 1 {
		return 2 * MaxMessage
	}
	return MaxMessage
}

// endLine takes a line without its end.
func (s *splitter) endLine(line []byte, now time.Time, emit func(string)) {
	if s.tooLong { // the rest of a line whose beginning was taken
		s.tooLong = false
		return
	}
	s.add(s.cutLine(line), now, emit)
}

// cutLine is the text of a line, cut if it is too long.
func (s *splitter) cutLine(line []byte) string {
	text := strings.TrimSuffix(s.log.Encoding.text(line), "\r")
	if len(text) <= MaxMessage && !s.tooLong {
		return text
	}
	s.truncated++
	return cutText(text, MaxMessage-len(cut)) + cut
}

// cutText is the beginning of a text, in at most n bytes and whole characters.
func cutText(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// add takes a line: it begins a record or goes on with one. A record that would become
// too long is ended, and goes on in the next.
func (s *splitter) add(line string, now time.Time, emit func(string)) {
	if s.begun && (s.log.starts(line) || s.text.Len()+1+len(line) > MaxMessage) {
		s.flush(emit)
	}
	if s.begun {
		s.text.WriteByte('\n')
	} else {
		s.begun, s.textAt = true, s.lineAt
	}
	s.text.WriteString(line)
	s.since = now
}

// flush emits the unfinished record, but not an unfinished line.
func (s *splitter) flush(emit func(string)) {
	if !s.begun {
		return
	}
	text := strings.TrimRight(s.text.String(), "\r\n")
	s.text.Reset()
	s.begun = false
	if text != "" {
		emit(text)
	}
}

// finish emits everything, for a file that has ended.
func (s *splitter) finish(now time.Time, emit func(string)) {
	if len(s.line) > 0 {
		s.endLine(s.line, now, emit)
	}
	s.line, s.lineAt = nil, s.next
	s.flush(emit)
}
