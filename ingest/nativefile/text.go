package nativefile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/jsonstream"
	"github.com/tocsin-engine/tocsin/ingest/logs"
)

// Text says how the lines of a text file become log events.
type Text struct {
	// Group and Stream are those of the log events.
	Group, Stream string
	// Time finds the time in a line; nil, or false for a line without one, means the time
	// of the defaults.
	Time func(line string) (time.Time, bool)
}

// TextReader hands out the events of one text file: a log event for each line that is
// not empty.
type TextReader struct {
	o    Options
	text Text
	src  *bufio.Reader
	line int
}

// NewTextReader reads from r, which may be gzip-ed.
func NewTextReader(r io.Reader, t Text, o Options) (*TextReader, error) {
	if err := logs.CheckGroup("log group", t.Group); err != nil {
		return nil, err
	}
	if err := logs.CheckStream("log stream", t.Stream); err != nil {
		return nil, err
	}
	src, err := jsonstream.Plain(r)
	if err != nil {
		return nil, err
	}
	return &TextReader{o: o, text: t, src: src}, nil
}

// maxLine is how many bytes a line has at most, for PutLogEvents takes no more.
const maxLine = logs.MaxRecord - logs.Overhead

// Next returns the next event, or io.EOF after the last one. Reading goes on after an
// *Error.
func (r *TextReader) Next() ([]byte, error) {
	for {
		line, err := r.readLine()
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			continue
		}
		record := logs.Record{Group: r.text.Group, Stream: r.text.Stream, Message: string(line)}
		if r.text.Time != nil {
			record.Time, _ = r.text.Time(record.Message)
		}
		ev, err := record.Event(r.o.Defaults())
		if err != nil {
			return nil, &Error{fmt.Errorf("line %d: %w", r.line, err)}
		}
		return ev.Raw(), nil
	}
}

// readLine returns the next line without its end. A line that is too long is passed over
// with an error.
func (r *TextReader) readLine() ([]byte, error) {
	r.line++
	var line []byte
	size := 0
	for {
		part, err := r.src.ReadSlice('\n')
		if size += len(part); size <= maxLine+2 {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && size == 0:
			return nil, io.EOF
		case err != nil && !errors.Is(err, io.EOF):
			return nil, err
		}
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		if size > maxLine+2 || len(line) > maxLine {
			return nil, &Error{fmt.Errorf("line %d has more than %d bytes; a log event takes no more", r.line, maxLine)}
		}
		return line, nil
	}
}
