package awsapi_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tocsin-engine/tocsin/ingest/awswire"
	"github.com/tocsin-engine/tocsin/runtime/awsapi"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/logs"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
)

// TestEqualLogLines: a program that logs the same line in a tight loop fills a batch that
// gzip makes 280 times smaller; it is no bomb.
func TestEqualLogLines(t *testing.T) {
	engine := &collector{}
	s := logs.New(logs.Config{Store: memory.New(memory.Config{}), Engine: engine, Now: recordedAt})
	line := fmt.Sprintf(`{"timestamp":%d,"message":"ERROR \"connection\" refused, will retry in a second"}`, recordedAt().UnixMilli())
	body := `{"logGroupName":"g","logStreamName":"s","logEvents":[` + strings.Repeat(line+",", 9_999) + line + `]}`
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(z, body)
	z.Close()
	r := httptest.NewRequest(http.MethodPost, "/", &zipped)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("Content-Encoding", "gzip")
	r.Header.Set("X-Amz-Target", "Logs_20140328.PutLogEvents")
	makeStream(t, s, awswire.Route{Service: "logs", Operation: "PutLogEvents"}, request{Body: struct {
		Text string
		B64  []byte
	}{Text: body}})
	w := httptest.NewRecorder()
	h := awsapi.New(awsapi.Config{Table: service.NewTable(s.Operations()), Account: "123456789012", Region: "us-east-1"})
	if h.ServeHTTP(w, r); w.Code != http.StatusOK || len(engine.got) != 10_000 {
		t.Errorf("%d bytes zipped to %d: %d %s, %d events", len(body), zipped.Len(), w.Code, w.Body, len(engine.got))
	}
}
