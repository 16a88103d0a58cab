package awswire

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
)

// The gzip rule: what a body grows to is bounded by the operation's cap and, beyond
// freeInflate, by maxRatio times what was sent. A batch of log lines that are all the
// same honestly compresses 300 to 1, so small ones are not judged by their ratio.
const (
	maxRatio    = 100
	freeInflate = 1 << 20
)

// ReadBody reads a body as it was sent, at most limit bytes.
func ReadBody(r io.Reader, limit int64) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, &Error{Code: "RequestTimeout", Message: "The body ended before it was whole.", Status: http.StatusRequestTimeout}
	}
	if int64(len(raw)) > limit {
		return nil, TooLarge()
	}
	return raw, nil
}

// Inflate undoes a body's Content-Encoding; the result has at most limit bytes.
func Inflate(encoding string, raw []byte, limit int64) ([]byte, error) {
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
	limit = min(limit, max(freeInflate, maxRatio*int64(len(raw))))
	body, err := io.ReadAll(io.LimitReader(z, limit+1))
	if err != nil {
		return nil, serialization("the body's gzip is damaged: %v", err)
	}
	if int64(len(body)) > limit {
		return nil, TooLarge()
	}
	return body, nil
}

// Budget bounds how many bytes of bodies are being worked on at once. The zero Budget
// has no room.
type Budget struct {
	// Max is the bound in bytes.
	Max  int64
	used atomic.Int64
}

// Take takes room for n bytes; release gives it back. ok is false if there is none.
func (b *Budget) Take(n int64) (release func(), ok bool) {
	if b.used.Add(n) > b.Max {
		b.used.Add(-n)
		return nil, false
	}
	return func() { b.used.Add(-n) }, true
}

// Used is how many bytes are taken now.
func (b *Budget) Used() int64 { return b.used.Load() }

// Room is what a request's body may take: its length, or the whole limit where that is
// not known before it is read and inflated.
func Room(r *http.Request, limit int64) int64 {
	if r.ContentLength < 0 || r.ContentLength > limit || r.Header.Get("Content-Encoding") != "" {
		return limit
	}
	return r.ContentLength
}

// TooLarge is the error for a body over its cap.
func TooLarge() *Error {
	return &Error{
		Code: "RequestEntityTooLargeException", QueryCode: "RequestEntityTooLarge",
		Message: "The request is larger than this operation takes.", Status: http.StatusRequestEntityTooLarge,
	}
}
