package oncall

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

// series is one recorded CloudWatch metric, and what we call it.
type series struct {
	file, namespace, name, dimension, value string
	unit                                    types.StandardUnit
}

var recorded = []series{
	{"realAWSCloudwatch/ec2_cpu_utilization_24ae8d.csv", "OnCall/EC2", "CPUUtilization", "InstanceId", "i-24ae8d", types.StandardUnitPercent},
	{"realAWSCloudwatch/ec2_cpu_utilization_5f5533.csv", "OnCall/EC2", "CPUUtilization", "InstanceId", "i-5f5533", types.StandardUnitPercent},
	{"realAWSCloudwatch/ec2_cpu_utilization_825cc2.csv", "OnCall/EC2", "CPUUtilization", "InstanceId", "i-825cc2", types.StandardUnitPercent},
	{"realAWSCloudwatch/ec2_disk_write_bytes_1ef3de.csv", "OnCall/EC2", "DiskWriteBytes", "InstanceId", "i-1ef3de", types.StandardUnitBytes},
	{"realAWSCloudwatch/ec2_network_in_5abac7.csv", "OnCall/EC2", "NetworkIn", "InstanceId", "i-5abac7", types.StandardUnitBytes},
	{"realAWSCloudwatch/iio_us-east-1_i-a2eb1cd9_NetworkIn.csv", "OnCall/EC2", "NetworkIn", "InstanceId", "i-a2eb1cd9", types.StandardUnitBytes},
	{"realAWSCloudwatch/elb_request_count_8c0756.csv", "OnCall/ELB", "RequestCount", "LoadBalancerName", "lb-8c0756", types.StandardUnitCount},
	{"realAWSCloudwatch/rds_cpu_utilization_cc0c53.csv", "OnCall/RDS", "CPUUtilization", "DBInstanceIdentifier", "db-cc0c53", types.StandardUnitPercent},
	{"realKnownCause/ec2_request_latency_system_failure.csv", "OnCall/Shop", "Latency", "Service", "orders", types.StandardUnitMilliseconds},
}

// anomaly is where a datum lies: in which labelled window of its series, or in none.
type anomaly struct {
	series string
	window int // -1 for none
}

// labelled says where a datum lies, by its series and its time in milliseconds.
type labelled map[string]map[int64]anomaly

// putMetrics sends all series as aws-sdk-go-v2 does, and says where each datum lies. The
// series are of 2013 and 2014 and up to 16 days long, while CloudWatch takes what is at
// most two weeks old: so they come at twice their speed, and begin ten days ago.
func putMetrics(t *testing.T, config aws.Config) labelled {
	t.Helper()
	client := cloudwatch.NewFromConfig(config)
	windows := readWindows(t)
	begin := time.Now().UTC().Truncate(time.Second).Add(-10 * 24 * time.Hour)
	all := labelled{}
	for _, s := range recorded {
		all[s.value] = map[int64]anomaly{}
		var data []types.MetricDatum
		var first time.Time
		for i, row := range readSeries(t, s.file) {
			at, value := moment(t, row[0]), number(t, row[1])
			if i == 0 {
				first = at
			}
			put := begin.Add(at.Sub(first) / 2)
			all[s.value][put.UnixMilli()] = anomaly{s.file, windowOf(windows[s.file], at)}
			data = append(data, s.datum(put, value))
		}
		for some := range slices.Chunk(data, 1000) {
			_, err := client.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: &s.namespace, MetricData: some})
			if err != nil {
				t.Fatalf("%s: %v", s.file, err)
			}
		}
	}
	return all
}

// datum is one datum of the series; latencies come as statistic sets, as those who
// measure many requests send them.
func (s series) datum(at time.Time, value float64) types.MetricDatum {
	d := types.MetricDatum{
		MetricName: &s.name, Timestamp: &at, Unit: s.unit,
		Dimensions: []types.Dimension{{Name: &s.dimension, Value: &s.value}},
	}
	if s.name == "Latency" {
		d.StatisticValues = &types.StatisticSet{SampleCount: aws.Float64(12), Sum: aws.Float64(12 * value), Minimum: aws.Float64(value / 2), Maximum: &value}
	} else {
		d.Value = &value
	}
	return d
}

func readSeries(t *testing.T, file string) [][]string {
	t.Helper()
	f, err := os.Open(sharedtest.Path(t, "metrics/nab/"+file[strings.Index(file, "/")+1:]))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

// readWindows reads the labelled windows, both ends included.
func readWindows(t *testing.T) map[string][][2]time.Time {
	t.Helper()
	raw, err := os.ReadFile(sharedtest.Path(t, "metrics/nab/labels.json"))
	if err != nil {
		t.Fatal(err)
	}
	var labels map[string]struct{ Windows [][2]string }
	if err := json.Unmarshal(raw, &labels); err != nil {
		t.Fatal(err)
	}
	windows := map[string][][2]time.Time{}
	for file, l := range labels {
		for _, w := range l.Windows {
			windows[file] = append(windows[file], [2]time.Time{moment(t, w[0]), moment(t, w[1])})
		}
	}
	return windows
}

func windowOf(windows [][2]time.Time, at time.Time) int {
	for i, w := range windows {
		if !at.Before(w[0]) && !at.After(w[1]) {
			return i
		}
	}
	return -1
}

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateTime, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
