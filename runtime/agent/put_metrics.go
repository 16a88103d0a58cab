package agent

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/metrics"
	"github.com/tocsin-engine/tocsin/runtime/service/cloudwatch"
)

const (
	// maxData is how many data a request of PutMetricData may hold.
	maxData = 1000
	// maxMetricBytes bounds a request's size: CloudWatch takes 1 MB.
	maxMetricBytes = 900_000
)

// datum is how a datum waits in the queue.
type datum struct {
	Namespace string                 `json:"namespace"`
	Datum     cloudwatch.MetricDatum `json:"datum"`
}

// encodeDatum checks a datum and makes a record of it.
func encodeDatum(d metrics.Datum, now time.Time) ([]byte, error) {
	var f metrics.Findings
	metrics.ValidateNamespace(&f, d.Namespace)
	d.Validate(&f, "MetricData.member.1", now)
	if err := f.Err(); err != nil {
		return nil, err
	}
	return json.Marshal(datum{d.Namespace, cloudwatch.NewMetricDatum(d)})
}

// putMetricData sends data.
type putMetricData struct {
	call   Caller
	region string
}

// requests puts data of one namespace together.
func (p putMetricData) requests(records [][]byte) (list []request, broken int) {
	type group struct {
		records [][]byte
		bytes   int
	}
	open := map[string]*group{}
	var order []string
	end := func(namespace string) {
		if g := open[namespace]; g != nil {
			list = append(list, request{g.records, p.send(namespace)})
			delete(open, namespace)
		}
	}
	for _, r := range records {
		var d datum
		if json.Unmarshal(r, &d) != nil {
			broken++
			continue
		}
		if g := open[d.Namespace]; g != nil && (len(g.records) == maxData || g.bytes+len(r) > maxMetricBytes) {
			end(d.Namespace)
		}
		if open[d.Namespace] == nil {
			open[d.Namespace] = &group{}
			order = append(order, d.Namespace)
		}
		g := open[d.Namespace]
		g.records, g.bytes = append(g.records, r), g.bytes+len(r)
	}
	for _, namespace := range order {
		end(namespace)
	}
	return list, broken
}

func (p putMetricData) send(namespace string) func(context.Context, [][]byte) (int, error) {
	return func(ctx context.Context, records [][]byte) (int, error) {
		r := cloudwatch.PutMetricDataRequest{Namespace: namespace}
		for _, record := range records {
			var d datum
			if err := json.Unmarshal(record, &d); err != nil {
				return 0, err
			}
			r.MetricData = append(r.MetricData, d.Datum)
		}
		return 0, call(ctx, p.call, p.region, cloudwatch.Name, "PutMetricData", r, nil)
	}
}
