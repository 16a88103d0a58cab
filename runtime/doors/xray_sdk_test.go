package doors_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-xray-sdk-go/strategy/sampling"
	sdk "github.com/aws/aws-xray-sdk-go/xray"

	"github.com/tocsin-engine/tocsin/runtime/awsapi"
	"github.com/tocsin-engine/tocsin/runtime/doors"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/xray"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// arrivals is an engine that hands on the details of what it gets.
type arrivals chan event.Value

func (a arrivals) Put(_ context.Context, submissions []service.Submission) ([]service.Receipt, error) {
	for _, s := range submissions {
		a <- s.Event.Detail()
	}
	return make([]service.Receipt, len(submissions)), nil
}

// TestXRaySDK: the X-Ray SDK for Go asks the daemon's TCP port for the sampling rules,
// follows them, and what it sends over UDP becomes events with its subsegments.
func TestXRaySDK(t *testing.T) {
	engine := make(arrivals, 100)
	rules := []xray.SamplingRule{
		{RuleName: "quiet", Priority: 1, Version: 1, ServiceName: "quiet", ServiceType: "*", Host: "*", HTTPMethod: "*", URLPath: "*", ResourceARN: "*"},
		{RuleName: "all", Priority: 2, FixedRate: 1, Version: 1, ServiceName: "*", ServiceType: "*", Host: "*", HTTPMethod: "*", URLPath: "*", ResourceARN: "*"},
	}
	trace := xray.New(xray.Config{Engine: engine, Now: time.Now, Rules: rules})
	d, warnings, err := doors.NewXRay(doors.XRayConfig{
		Address: "127.0.0.1:0", Segments: trace, Account: "123456789012", Region: "us-east-1", Now: time.Now,
		Sampling: awsapi.New(awsapi.Config{Table: service.NewTable(trace.Sampling()), Account: "123456789012", Region: "us-east-1"}),
	})
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	ran := make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	go func() { ran <- d.Run(ctx) }()
	defer func() {
		stop()
		<-ran
	}()
	udp, tcp := d.Addresses()
	strategy, err := sampling.NewCentralizedStrategy()
	if err != nil {
		t.Fatal(err)
	}
	if err := sdk.Configure(sdk.Config{DaemonAddr: "tcp:" + tcp.String() + " udp:" + udp.String(), SamplingStrategy: strategy}); err != nil {
		t.Fatal(err)
	}
	followRules(t, engine)
	_, quiet := sdk.BeginSegment(t.Context(), "quiet")
	if quiet.Sampled {
		t.Error("a service that a rule keeps quiet is traced")
	}
	quiet.Close(nil)

	requests, segment := sdk.BeginSegment(t.Context(), "shop")
	if err := sdk.AddAnnotation(requests, "order", "A-1"); err != nil {
		t.Fatal(err)
	}
	_ = sdk.Capture(requests, "charge", func(context.Context) error { return nil })
	segment.Close(nil)
	got := <-engine
	name, _ := got.Get("name").Text()
	order, _ := got.Get("annotations", "order").Text()
	id, _ := got.Get("id").Text()
	if name != "shop" || order != "A-1" || id != segment.ID || len(got.Get("subsegments")) < 3 {
		t.Errorf("the segment became %s", got)
	}
	if n := d.Counts(); n["datagrams_without_header"]+n["datagrams_of_another_format"]+n["segments_refused"] > 0 || n["sampling_calls"] == 0 {
		t.Errorf("counted %v", n)
	}
}

// followRules sends segments until the SDK has fetched the rules: it does so in the
// background, and samples by a rule of its own before that.
func followRules(t *testing.T, engine arrivals) {
	t.Helper()
	for t.Context().Err() == nil {
		_, segment := sdk.BeginSegment(t.Context(), "shop")
		sampled := segment.Sampled
		segment.Close(nil)
		if !sampled {
			continue
		}
		detail := <-engine
		if rule, _ := detail.Get("aws", "xray", "sampling_rule_name").Text(); rule == "all" {
			return
		}
	}
}
