package awsapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/awsapi"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/logs"
	"github.com/tocsin-engine/tocsin/runtime/service/xray"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
)

// benchmarkDoor sends one request again and again to a front without an engine behind it,
// beside json.Valid on the same bytes; the request makes n events.
func benchmarkDoor(b *testing.B, ops []service.Operation, path, target, body string, n int) {
	h := awsapi.New(awsapi.Config{Table: service.NewTable(ops), Account: "123456789012", Region: "us-east-1"})
	b.Run("door", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
			if target != "" {
				r.Header.Set("Content-Type", "application/x-amz-json-1.1")
				r.Header.Set("X-Amz-Target", target)
			}
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, r); w.Code != http.StatusOK {
				b.Fatal(w.Body)
			}
		}
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	})
	b.Run("json.Valid", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		text := []byte(body)
		for b.Loop() {
			if !json.Valid(text) {
				b.Fatal("not valid")
			}
		}
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	})
}

// BenchmarkPutLogEvents has batches of 500 lines: of a web server's text, of JSON, and of
// the embedded metric format.
func BenchmarkPutLogEvents(b *testing.B) {
	const lines = 500
	now := time.Now()
	for name, m := range map[string]struct {
		message string
		events  int
	}{
		"text": {`192.0.2.7 - - [22/Nov/2026:10:00:00 +0000] "GET /orders/4711 HTTP/1.1" 200 5316 "-" "curl/8.5.0"`, 1},
		"json": {`{"level":"info","msg":"order placed","order":{"id":"A-4711","amount":1250.00,"currency":"EUR"},"took":0.0125}`, 1},
		"emf": {fmt.Sprintf(`{"_aws":{"Timestamp":%d,"CloudWatchMetrics":[{"Namespace":"shop","Dimensions":[["service"]],"Metrics":[{"Name":"took","Unit":"Seconds"}]}]},"service":"orders","took":0.0125}`,
			now.UnixMilli()), 2},
	} {
		b.Run("message="+name, func(b *testing.B) {
			s := logs.New(logs.Config{Store: memory.New(memory.Config{}), Engine: nowhere{}, Now: time.Now})
			_, err := s.CreateLogGroup(b.Context(), service.Caller{}, &logs.CreateLogGroupRequest{LogGroupName: "g"})
			if err == nil {
				_, err = s.CreateLogStream(b.Context(), service.Caller{}, &logs.LogStreamRequest{LogGroupName: "g", LogStreamName: "s"})
			}
			if err != nil {
				b.Fatal(err)
			}
			quoted, _ := json.Marshal(m.message)
			line := fmt.Sprintf(`{"timestamp":%d,"message":%s}`, now.UnixMilli(), quoted)
			body := `{"logGroupName":"g","logStreamName":"s","logEvents":[` + strings.Repeat(line+",", lines-1) + line + `]}`
			benchmarkDoor(b, s.Operations(), "/", "Logs_20140328.PutLogEvents", body, lines*m.events)
		})
	}
}

// BenchmarkPutTraceSegments has 50 segments with three subsegments each.
func BenchmarkPutTraceSegments(b *testing.B) {
	part := `{"id":"53995c3f42cd8ad8","name":"db","start_time":1478293361.271,"end_time":1478293361.449,"namespace":"remote","sql":{"sanitized_query":"SELECT * FROM customers WHERE id=?"}}`
	segment := `{"id":"70de5b6f19ff9a0a","name":"shop","trace_id":"1-581cf771-a006649127e371903a2de979","start_time":1478293361.271,"end_time":1478293361.449,` +
		`"http":{"request":{"method":"GET","url":"https://shop.example.com/orders/4711"},"response":{"status":200}},"annotations":{"order":"A-4711"},"subsegments":[` + part + "," + part + "," + part + `]}`
	quoted, _ := json.Marshal(segment)
	body := `{"TraceSegmentDocuments":[` + strings.Repeat(string(quoted)+",", 49) + string(quoted) + `]}`
	s := xray.New(xray.Config{Engine: nowhere{}, Now: time.Now})
	benchmarkDoor(b, s.Operations(), "/TraceSegments", "", body, 50)
}
