// Package jsonstream reads JSON values one at a time from a stream of any length.
//
// It takes what people have in files: one value a line, values one after the other, a
// list of values, and CloudTrail's log files {"Records":[…]}; each of them gzip-ed or
// not. A value is handed out as its bytes, checked (event.Check), so memory is bounded
// by the largest value and not by the file.
//
// It does not know what the values mean: package calls does, for CloudTrail records.
package jsonstream

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// MaxValue is how many bytes one value may have. The largest event any door takes is
// 1 MiB; a value beyond this is a file of another kind.
const MaxValue = 16 << 20

// Error says what is wrong with the stream, and where.
type Error struct {
	// Line counts from 1, in the text after decompression.
	Line int
	// Reason says what is wrong, as the end of a sentence.
	Reason string
	// Fatal says that nothing after this place can be read.
	Fatal bool
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// Reader hands out the values of one stream.
type Reader struct {
	src *bufio.Reader
	// value is the one handed out last; its space is used again.
	value []byte
	line  int
	// closing are the brackets of the lists that the values stand in, outermost first:
	// "" at the top, "]" in a list, "]}" in {"Records":[…]}.
	closing string
	first   bool // no item of the list was read yet
	done    error
}

// NewReader reads from r, which may be gzip-ed.
func NewReader(r io.Reader) (*Reader, error) {
	src, err := Plain(r)
	if err != nil {
		return nil, err
	}
	return &Reader{src: src, line: 1}, nil
}

// Plain reads r, decompressed if it is gzip-ed.
func Plain(r io.Reader) (*bufio.Reader, error) {
	src := bufio.NewReaderSize(r, 256<<10)
	magic, err := src.Peek(2)
	if err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		plain, err := gzip.NewReader(src)
		if err != nil {
			return nil, fmt.Errorf("jsonstream: %w", err)
		}
		src = bufio.NewReaderSize(plain, 256<<10)
	}
	return src, nil
}

// Next returns the next value, or io.EOF after the last one. The bytes are valid until
// the following call. After an *Error that is not Fatal, reading goes on with the next
// line or item: one bad line of a log does not hide the others.
func (r *Reader) Next() ([]byte, error) {
	if r.done != nil {
		return nil, r.done
	}
	value, err := r.next()
	var syntax *Error
	if err != nil && (!errors.As(err, &syntax) || syntax.Fatal) {
		r.done = err
	}
	return value, err
}

func (r *Reader) next() ([]byte, error) {
	for {
		c, err := r.skipSpace()
		if err != nil {
			return nil, r.atEnd(err)
		}
		if r.closing == "" {
			opened, err := r.open(c)
			if err != nil {
				return nil, err
			}
			if opened {
				continue
			}
			return r.one(c)
		}
		closed, err := r.separator(c)
		if err != nil {
			return nil, err
		}
		if closed {
			continue
		}
		c, err = r.skipSpace()
		if err != nil {
			return nil, r.atEnd(err)
		}
		return r.one(c)
	}
}

// atEnd is what the end of the text means here.
func (r *Reader) atEnd(err error) error {
	if errors.Is(err, io.EOF) && r.closing != "" {
		return r.fatal("the text ends in the middle of a list; is the file cut off?")
	}
	return err
}

func (r *Reader) fatal(reason string) *Error { return &Error{r.line, reason, true} }

// skipSpace passes over white space and returns the byte after it, which stays unread.
func (r *Reader) skipSpace() (byte, error) {
	for {
		c, err := r.src.ReadByte()
		if err != nil {
			return 0, err
		}
		switch c {
		case '\n':
			r.line++
		case ' ', '\t', '\r':
		default:
			return c, r.src.UnreadByte()
		}
	}
}

// recordsHead is how far a CloudTrail log file's opening can be from its first record.
const recordsHead = 64

// open enters a list or a CloudTrail log file whose first byte is c, at the top level.
func (r *Reader) open(c byte) (bool, error) {
	n := 1
	closing := "]"
	if c == '{' {
		head, _ := r.src.Peek(recordsHead) // shorter at the end of the text
		if n = recordsOpening(head); n == 0 {
			return false, nil
		}
		closing = "]}"
	} else if c != '[' {
		return false, nil
	}
	head, _ := r.src.Peek(n)
	r.line += bytes.Count(head, []byte{'\n'})
	r.closing, r.first = closing, true
	_, err := r.src.Discard(n)
	return true, err
}

// recordsOpening is the length of `{"Records":[` with any white space, or 0.
func recordsOpening(head []byte) int {
	rest := head
	for _, word := range []string{"{", `"Records"`, ":", "["} {
		rest = bytes.TrimLeft(rest, " \t\r\n")
		if !bytes.HasPrefix(rest, []byte(word)) {
			return 0
		}
		rest = rest[len(word):]
	}
	return len(head) - len(rest)
}

// separator passes over what stands between two items of a list; closed says that the
// list is over.
func (r *Reader) separator(c byte) (closed bool, err error) {
	first := r.first
	r.first = false
	if c == r.closing[0] {
		r.closing = r.closing[1:]
		_, err := r.src.Discard(1)
		return true, err
	}
	if r.closing[0] == '}' {
		return false, r.fatal(`only a "}" can follow the records`)
	}
	if first {
		return false, nil
	}
	if c != ',' {
		return false, r.fatal(`a "," or "]" is needed between the values of a list`)
	}
	_, err = r.src.Discard(1)
	return false, err
}

// one reads the value that begins with c.
func (r *Reader) one(c byte) ([]byte, error) {
	start := r.line
	r.value = r.value[:0]
	var err error
	switch c {
	case '{', '[':
		err = r.nested()
	default:
		err = r.scalar()
	}
	if err != nil {
		return nil, err
	}
	if err := event.Check(r.value); err != nil {
		return nil, r.mistake(start, err)
	}
	return r.value, nil
}

// mistake places an error inside the value that began on line start.
func (r *Reader) mistake(start int, err error) error {
	var syntax *event.SyntaxError
	if !errors.As(err, &syntax) {
		return err
	}
	return &Error{Line: start + bytes.Count(r.value[:syntax.Offset], []byte{'\n'}), Reason: syntax.Reason}
}

// nested collects an object or list up to its closing bracket.
func (r *Reader) nested() error {
	start := r.line
	var s scanner
	for {
		chunk, err := r.chunk()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return &Error{start, "the value that begins here does not end", true}
			}
			return err
		}
		n, closed := s.scan(chunk)
		if err := r.take(chunk[:n]); err != nil || closed {
			return err
		}
	}
}

// scalar collects a value that is neither object nor list; at the top level that is
// the rest of the line, because what stands there is most often no JSON at all.
func (r *Reader) scalar() error {
	defer func() { r.value = bytes.TrimRight(r.value, " \t\r") }()
	ends := "\n"
	if r.closing != "" {
		ends = "\n,]"
	}
	var s scanner
	for {
		chunk, err := r.chunk()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		n, ended := s.word(chunk, ends)
		if err := r.take(chunk[:n]); err != nil || ended {
			return err
		}
	}
}

// chunk is what is buffered, at least one byte.
func (r *Reader) chunk() ([]byte, error) {
	if _, err := r.src.Peek(1); err != nil {
		return nil, err
	}
	return r.src.Peek(r.src.Buffered())
}

// take moves bytes from the buffer to the value.
func (r *Reader) take(chunk []byte) error {
	if len(r.value)+len(chunk) > MaxValue {
		return r.fatal(fmt.Sprintf("a value has more than %d MiB", MaxValue>>20))
	}
	r.value = append(r.value, chunk...)
	r.line += bytes.Count(chunk, []byte{'\n'})
	_, err := r.src.Discard(len(chunk))
	return err
}
