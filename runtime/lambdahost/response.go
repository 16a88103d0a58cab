package lambdahost

import (
	"bytes"
	"net/http"
)

// response keeps what the front answers.
type response struct {
	header http.Header
	// status and sent are what the answer begins with, once it has begun.
	status int
	sent   http.Header
	body   bytes.Buffer
}

var _ http.ResponseWriter = (*response)(nil)

// Header are the headers that the answer will have.
func (r *response) Header() http.Header { return r.header }

// WriteHeader begins the answer.
func (r *response) WriteHeader(status int) {
	if r.status == 0 {
		r.status, r.sent = status, r.header.Clone()
	}
}

// Write begins the answer, if nobody has, and adds to it.
func (r *response) Write(p []byte) (int, error) {
	if r.header.Get("Content-Type") == "" && r.status == 0 {
		r.header.Set("Content-Type", http.DetectContentType(p))
	}
	r.WriteHeader(http.StatusOK)
	return r.body.Write(p)
}
