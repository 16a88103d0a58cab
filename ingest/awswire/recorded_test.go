package awswire

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

// putMetricData is the request that clients send in three protocols.
type putMetricData struct {
	Namespace  string
	MetricData []struct {
		MetricName        string
		Dimensions        []struct{ Name, Value string }
		Timestamp         time.Time
		Value             *float64
		StatisticValues   *struct{ SampleCount, Sum, Minimum, Maximum float64 }
		Values, Counts    []float64
		Unit              string
		StorageResolution int32
	}
}

func TestRecordedPutMetricData(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(sharedtest.Path(t, "wire"), "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[Protocol]int{}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			route, request := readPutMetricData(t, lines.Bytes())
			if request == nil {
				continue
			}
			seen[route.Protocol]++
			if request.Namespace == "" || len(request.MetricData) == 0 {
				t.Errorf("%s: %s gave %+v", filepath.Base(file), route.Protocol, request)
			}
			for _, m := range request.MetricData {
				if m.MetricName == "" || m.Value == nil && m.StatisticValues == nil && len(m.Values) == 0 || len(m.Values) != len(m.Counts) {
					t.Errorf("%s: %s gave %+v", filepath.Base(file), route.Protocol, m)
				}
			}
		}
	}
	if diff := cmp.Diff(map[Protocol]int{Query: 12, JSON10: 5, CBOR: 1}, seen); diff != "" {
		t.Errorf("recorded in each protocol (-want +got):\n%s", diff)
	}
}

// readPutMetricData decodes a recorded request; nil for one of another operation.
func readPutMetricData(t *testing.T, line []byte) (Route, *putMetricData) {
	t.Helper()
	var recorded struct {
		Method, Path string
		Headers      map[string]string
		Body         struct {
			Text string
			B64  []byte
		}
	}
	if err := json.Unmarshal(line, &recorded); err != nil {
		t.Fatal(err)
	}
	raw := recorded.Body.B64
	if raw == nil {
		raw = []byte(recorded.Body.Text)
	}
	r, err := http.NewRequest(recorded.Method, "http://x"+recorded.Path, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range recorded.Headers {
		r.Header.Set(name, value)
	}
	body, err := roomy().Inflate(r.Header.Get("Content-Encoding"), raw, 2<<20)
	if err != nil {
		t.Fatal(err)
	}
	route := RouteOf(r)
	var form *Form
	if route.Protocol.IsForm() {
		if form, err = ParseForm(string(body)); err != nil {
			t.Fatal(err)
		}
		route = route.WithForm(form)
	}
	if route.Service != "monitoring" || route.Operation != "PutMetricData" {
		return route, nil
	}
	request := &putMetricData{}
	switch {
	case form != nil:
		err = form.Decode(request, false)
	case route.Protocol == CBOR:
		err = DecodeCBOR(body, request)
	default:
		err = DecodeJSON(body, request)
	}
	if err != nil {
		t.Errorf("%s: %v", route.Protocol, err)
	}
	return route, request
}
