package cloudwatch_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// TestGoSDK: aws-sdk-go-v2 speaks CBOR and compresses.
func TestGoSDK(t *testing.T) {
	e := &engine{}
	var encodings []string
	h := handler(e, time.Now)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		encodings = append(encodings, r.Header.Get("Content-Type")+" "+r.Header.Get("Content-Encoding"))
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	c := sdk.New(sdk.Options{
		Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIATEST", SecretAccessKey: "secret"}, nil
		}),
	})
	at := time.Now().Add(-time.Hour).Truncate(time.Millisecond)
	_, err := c.PutMetricData(t.Context(), &sdk.PutMetricDataInput{Namespace: aws.String("Shop"), MetricData: []types.MetricDatum{
		{MetricName: aws.String("a"), Value: aws.Float64(0.1), Timestamp: &at, Unit: types.StandardUnitSeconds, StorageResolution: aws.Int32(1),
			Dimensions: []types.Dimension{{Name: aws.String("d"), Value: aws.String("1")}}},
		{MetricName: aws.String("b"), StatisticValues: &types.StatisticSet{SampleCount: aws.Float64(2), Sum: aws.Float64(3), Minimum: aws.Float64(1), Maximum: aws.Float64(2)}},
		{MetricName: aws.String("c"), Values: []float64{1, 2}, Counts: []float64{3, 4}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`{"namespace":"Shop","name":"a","dimensions":{"d":"1"},"value":0.1,"statistics":{"count":1,"sum":0.1,"min":0.1,"max":0.1},"unit":"Seconds","storage_resolution":1}`,
		`{"namespace":"Shop","name":"b","dimensions":{},"statistics":{"count":2,"sum":3,"min":1,"max":2},"unit":"None","storage_resolution":60}`,
		`{"namespace":"Shop","name":"c","dimensions":{},"statistics":{"count":7,"sum":11,"min":1,"max":2},"values":[1,2],"counts":[3,4],"unit":"None","storage_resolution":60}`,
	}
	if diff := cmp.Diff(want, e.details()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if got := event.Value(e.got[0].Event.Detail()).Get("timestamp"); string(got) != fmt.Sprint(at.UnixMilli()) {
		t.Errorf("timestamp %s, want %d", got, at.UnixMilli())
	}
	if encodings[0] != "application/cbor gzip" {
		t.Errorf("the request was %q", encodings[0])
	}
	_, err = c.PutMetricData(t.Context(), &sdk.PutMetricDataInput{Namespace: aws.String("AWS/EC2"), MetricData: []types.MetricDatum{{MetricName: aws.String("a"), Value: aws.Float64(1)}}})
	if code(err) != "InvalidParameterValue" || !strings.Contains(err.Error(), "The value AWS/ for parameter Namespace is invalid.") {
		t.Errorf("a reserved namespace: %v", err)
	}
	_, err = c.ListMetrics(t.Context(), &sdk.ListMetricsInput{})
	if code(err) != "InvalidAction" { // what the query protocol calls it
		t.Errorf("ListMetrics: %v", err)
	}
}

// TestAWSCLI: the forms of put-metric-data of the Debian AWS CLI.
func TestAWSCLI(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a Python program for each call")
	}
	const path = "/usr/bin/aws"
	if _, err := os.Stat(path); err != nil {
		t.Skipf("needs the AWS CLI at %s (Debian: apt-get install awscli)", path)
	}
	for _, tc := range []struct {
		name string
		args []string
		want []string // the details, or what the CLI says
		fail bool
	}{
		{"value", []string{"--metric-name", "a", "--value", "12.50", "--unit", "Percent", "--dimensions", "Host=web,Zone=a", "--storage-resolution", "1"},
			[]string{`{"namespace":"Shop","name":"a","dimensions":{"Host":"web","Zone":"a"},"value":12.50,"statistics":{"count":1,"sum":12.50,"min":12.50,"max":12.50},"unit":"Percent","storage_resolution":1}`}, false},
		{"statistic values", []string{"--metric-name", "b", "--statistic-values", "Sum=11,Minimum=2,Maximum=5,SampleCount=3"},
			[]string{`{"namespace":"Shop","name":"b","dimensions":{},"statistics":{"count":3,"sum":11,"min":2,"max":5},"unit":"None","storage_resolution":60}`}, false},
		{"metric data", []string{"--metric-data", `[{"MetricName":"c","Values":[1,2],"Counts":[3,4]},{"MetricName":"d","Value":0}]`}, []string{
			`{"namespace":"Shop","name":"c","dimensions":{},"statistics":{"count":7,"sum":11,"min":1,"max":2},"values":[1,2],"counts":[3,4],"unit":"None","storage_resolution":60}`,
			`{"namespace":"Shop","name":"d","dimensions":{},"value":0,"statistics":{"count":1,"sum":0,"min":0,"max":0},"unit":"None","storage_resolution":60}`,
		}, false},
		{"too old", []string{"--metric-name", "a", "--value", "1", "--timestamp", "2014-02-14T12:00:00Z"},
			[]string{"The parameter MetricData.member.1.Timestamp must specify a time within the past two weeks."}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel() // most of it is waiting for the interpreter to start
			e := &engine{}
			server := httptest.NewServer(handler(e, time.Now))
			defer server.Close()
			cmd := exec.CommandContext(t.Context(), path, append([]string{"--endpoint-url", server.URL, "cloudwatch", "put-metric-data", "--namespace", "Shop"}, tc.args...)...)
			cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=AKIATEST", "AWS_SECRET_ACCESS_KEY=secret", "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1",
				"AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=", "AWS_MAX_ATTEMPTS=1", "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			err := cmd.Run()
			if tc.fail {
				if err == nil || !strings.Contains(out.String(), tc.want[0]) {
					t.Errorf("%v\n%s\nwant %s", err, &out, tc.want[0])
				}
				return
			}
			if err != nil {
				t.Fatalf("%v\n%s", err, &out)
			}
			if diff := cmp.Diff(tc.want, e.details()); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}
