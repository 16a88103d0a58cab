package cloudwatch

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/metrics"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Name is the service's signing name.
const Name = "monitoring"

// maxData is how many data a request may hold.
const maxData = 1000

// Config is what the service needs.
type Config struct {
	// Engine takes the events. Required.
	Engine service.Putter
	// Now is the clock. Required.
	Now func() time.Time
}

// Service answers CloudWatch's clients.
type Service struct {
	c             Config
	data, refused atomic.Uint64
}

// New makes the service.
func New(c Config) *Service { return &Service{c: c} }

// Stats counts what became of requests.
type Stats struct {
	// Data were taken, Refused requests broke a limit.
	Data    uint64 `json:"data"`
	Refused uint64 `json:"requests_refused"`
}

// Stats returns the counts of now.
func (s *Service) Stats() Stats { return Stats{s.data.Load(), s.refused.Load()} }

// Operations are what clients may call.
func (s *Service) Operations() []service.Operation {
	return []service.Operation{service.Op(Name, "PutMetricData", s.PutMetricData)}
}

// exceptions are the names that JSON and CBOR have for the query protocol's codes.
var exceptions = map[string]string{
	metrics.InvalidValue:       "InvalidParameterValueException",
	metrics.InvalidCombination: "InvalidParameterCombinationException",
	metrics.Missing:            "MissingRequiredParameterException",
}

// PutMetricData puts an event for each datum.
func (s *Service) PutMetricData(ctx context.Context, c service.Caller, r *PutMetricDataRequest) (*PutMetricDataResponse, error) {
	now := s.c.Now()
	data, err := r.data(now)
	if err != nil {
		s.refused.Add(1)
		return nil, &service.Error{Code: exceptions[err.Code], QueryCode: err.Code, Message: err.Message}
	}
	submissions := make([]service.Submission, len(data))
	for i, d := range data {
		ev, err := d.Event(event.Fields{ID: service.NewID(), Account: c.Account, Region: c.Region, Time: now})
		if err != nil {
			return nil, fmt.Errorf("cloudwatch: datum %d: %w", i+1, err)
		}
		submissions[i] = service.Submission{Event: ev, Key: c.Key("put-metric", i)}
	}
	receipts, errPut := s.c.Engine.Put(ctx, submissions)
	if errPut != nil {
		return nil, errPut
	}
	s.data.Add(uint64(len(data)))
	response := &PutMetricDataResponse{matched: make([]int, len(receipts))}
	for i, receipt := range receipts {
		response.matched[i] = len(receipt.Matched)
	}
	return response, nil
}

// data reads and checks all data of a request.
func (r *PutMetricDataRequest) data(now time.Time) ([]metrics.Datum, *metrics.Error) {
	var found metrics.Findings
	metrics.ValidateNamespace(&found, r.Namespace)
	total := len(r.MetricData)
	for _, e := range r.EntityMetricData {
		total += len(e.MetricData)
	}
	switch {
	case total == 0:
		found.Add(metrics.Missing, "The parameter MetricData is required.")
	case total > maxData:
		found.Add(metrics.InvalidValue, "The collection MetricData must not have a size greater than %d.", maxData)
		return nil, found.Err()
	}
	data := make([]metrics.Datum, 0, total)
	add := func(at string, given []MetricDatum, entity *metrics.Entity) {
		for i, g := range given {
			d := g.datum(r.Namespace, entity)
			d.Validate(&found, fmt.Sprintf("%sMetricData.member.%d", at, i+1), now)
			data = append(data, d)
		}
	}
	add("", r.MetricData, nil)
	for i, e := range r.EntityMetricData {
		var entity *metrics.Entity
		if e.Entity != nil {
			entity = &metrics.Entity{KeyAttributes: e.Entity.KeyAttributes, Attributes: e.Entity.Attributes}
		}
		add(fmt.Sprintf("EntityMetricData.member.%d.", i+1), e.MetricData, entity)
	}
	return data, found.Err()
}
