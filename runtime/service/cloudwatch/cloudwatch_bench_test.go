package cloudwatch_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/awswire"
	"github.com/tocsin-engine/tocsin/ingest/metrics"
	"github.com/tocsin-engine/tocsin/runtime/service/cloudwatch"
)

// BenchmarkPutMetricData is the door alone, without HTTP's connections and the engine's
// work: requests of 1,000 data of three dimensions. valid is json.Valid on the JSON.
func BenchmarkPutMetricData(b *testing.B) {
	r := &cloudwatch.PutMetricDataRequest{Namespace: "CWAgent"}
	for i := range 1000 {
		d := datum(metrics.Float(float64(i) * 1.37))
		d.MetricName, d.Unit, d.Timestamp = "disk_used_percent", "Percent", now
		d.Dimensions = []metrics.Dimension{{Name: "path", Value: "/"}, {Name: "device", Value: fmt.Sprint("vda", i)}, {Name: "fstype", Value: "ext4"}}
		r.MetricData = append(r.MetricData, d)
	}
	const perOp = 1000
	for name, protocol := range protocols {
		b.Run("protocol="+name, func(b *testing.B) {
			e := &engine{}
			h := handler(e, func() time.Time { return now })
			req := request(protocol, r)
			body, err := io.ReadAll(req.Body)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				e.got = e.got[:0]
				req.Body = io.NopCloser(bytes.NewReader(body))
				w := httptest.NewRecorder()
				if h.ServeHTTP(w, req); w.Code != 200 {
					b.Fatal(w.Body)
				}
			}
			b.ReportMetric(perOp*float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
	b.Run("valid", func(b *testing.B) {
		body := awswire.EncodeJSON(r)
		for b.Loop() {
			if !json.Valid(body) {
				b.Fatal("not valid")
			}
		}
		b.ReportMetric(perOp*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	})
}
