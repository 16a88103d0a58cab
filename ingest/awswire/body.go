package awswire

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
)

// The gzip rule: what a body grows to is bounded by the operation's cap and, beyond
// freeInflate, by maxRatio times what was sent. A batch of log lines that are all the
// same honestly compresses 300 to 1, so one that is no larger than a whole batch of
// PutLogEvents with everything in it escaped is not judged by its ratio.
const (
	maxRatio    = 100
	freeInflate = 4 << 20
)

// firstRoom is how many bytes a body gets before it has sent any.
const firstRoom = 4 << 10

// Budget bounds how many bytes of bodies are being worked on at once.
type Budget struct {
	// Max is the bound in bytes.
	Max  int64
	used atomic.Int64
}

// Used is how many bytes are taken now.
func (b *Budget) Used() int64 { return b.used.Load() }

// Room is a request's part of the budget. It grows with the bytes that have arrived,
// not with those that were announced: a sender who says "4 MB" and sends one byte must
// not keep others out.
type Room struct {
	budget *Budget
	held   int64
}

// Room returns an empty room. Release gives back what it will hold.
func (b *Budget) Room() *Room { return &Room{budget: b} }

// Release gives the room back.
func (m *Room) Release() {
	m.budget.used.Add(-m.held)
	m.held = 0
}

func (m *Room) take(n int64) bool {
	if m.budget.used.Add(n) > m.budget.Max {
		m.budget.used.Add(-n)
		return false
	}
	m.held += n
	return true
}

// Read reads a body as it was sent, at most limit bytes.
func (m *Room) Read(r io.Reader, limit int64) ([]byte, error) {
	if r == http.NoBody {
		return nil, nil
	}
	raw, err := m.readAll(r, limit)
	var own *Error
	if err != nil && !errors.As(err, &own) {
		return nil, &Error{Code: "RequestTimeout", Message: "The body ended before it was whole.", Status: http.StatusRequestTimeout}
	}
	return raw, err
}

// Inflate undoes a body's Content-Encoding; the result has at most limit bytes.
func (m *Room) Inflate(encoding string, raw []byte, limit int64) ([]byte, error) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		if int64(len(raw)) > limit {
			return nil, TooLarge()
		}
		return raw, nil
	case "gzip":
	default:
		return nil, &Error{
			Code: "UnsupportedMediaTypeException", Status: http.StatusUnsupportedMediaType,
			Message: "The Content-Encoding is not supported; send gzip or none.",
		}
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, serialization("the body is not gzip, as its Content-Encoding says: %v", err)
	}
	body, err := m.readAll(z, min(limit, max(freeInflate, maxRatio*int64(len(raw)))))
	var own *Error
	if err != nil && !errors.As(err, &own) {
		return nil, serialization("the body's gzip is damaged: %v", err)
	}
	return body, err
}

// readAll reads to the end, taking room as it goes. Its own errors are *Error.
func (m *Room) readAll(r io.Reader, limit int64) ([]byte, error) {
	var b []byte
	for {
		if len(b) == cap(b) {
			// One byte more than the limit shows that there is more.
			size := min(max(2*int64(cap(b)), firstRoom), limit+1)
			if !m.take(size - int64(cap(b))) {
				return nil, Throttled()
			}
			b = append(make([]byte, 0, size), b...)
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case int64(len(b)) > limit:
			return nil, TooLarge()
		case errors.Is(err, io.EOF):
			return b, nil
		case err != nil:
			return nil, err
		}
	}
}

// TooLarge is the error for a body over its cap.
func TooLarge() *Error {
	return &Error{
		Code: "RequestEntityTooLargeException", QueryCode: "RequestEntityTooLarge",
		Message: "The request is larger than this operation takes.", Status: http.StatusRequestEntityTooLarge,
	}
}

// Throttled is the error for a request that there is no room for now.
func Throttled() *Error {
	return &Error{
		Code: "ThrottlingException", QueryCode: "Throttling", Status: http.StatusServiceUnavailable,
		Message: "Rate exceeded; try again later.",
	}
}
