package app_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/app"
	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/npmtest"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// clients is the folder of the npm packages that testdata/clients/package.json names.
func clients(t *testing.T) string {
	t.Helper()
	return npmtest.Install(t, "clients", "testdata/clients/package.json")
}

// machine is a running one and what comes in through its doors.
type machine struct {
	*app.App
	t     *testing.T
	watch *engine.Subscription
}

// start runs a machine until the test ends.
func start(t *testing.T, change func(*config.Config)) *machine {
	t.Helper()
	c := configFor(t, "version: 1\n")
	c.OTLPDimensions = strings.Split(config.OTLPDimensions, ",")
	change(&c)
	a, _, err := app.New(t.Context(), c, app.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- a.Run(ctx, nil) }()
	t.Cleanup(func() {
		stop()
		if err := <-ran; err != nil {
			t.Errorf("Run: %v", err)
		}
		if err := a.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return &machine{a, t, a.Engine().Subscribe(1000)}
}

// node runs a script of testdata/clients and returns what it prints.
func (m *machine) node(script string, env ...string) string {
	m.t.Helper()
	modules := filepath.Join(clients(m.t), "node_modules")
	c := exec.CommandContext(m.t.Context(), "node", filepath.Join("testdata", "clients", script))
	c.Env = append(os.Environ(), "NODE_PATH="+modules, "NODE_NO_WARNINGS=1", "ENDPOINT="+m.URL(), "OTEL_EXPORTER_OTLP_ENDPOINT="+m.URL())
	c.Env = append(c.Env, env...)
	var problems strings.Builder
	c.Stderr = &problems
	out, err := c.Output()
	if err != nil {
		m.t.Fatalf("node %s: %v\n%s%s", script, err, out, problems.String())
	}
	return string(out)
}

// came waits for n events and returns show of each, sorted.
func (m *machine) came(n int, show func(event.Event) string) []string {
	m.t.Helper()
	var got []string
	timeout := time.After(30 * time.Second) // it is UDP: what is lost never comes
	for len(got) < n {
		select {
		case item := <-m.watch.C:
			if item.Report == nil {
				got = append(got, show(item.Event))
			}
		case <-timeout:
			m.t.Fatalf("%d events came, want %d: %v", len(got), n, got)
		}
	}
	slices.Sort(got)
	return got
}

// members shows an event by its detail-type and some members of its detail.
func members(paths ...string) func(event.Event) string {
	return func(ev event.Event) string {
		text := []string{ev.DetailType}
		for _, path := range paths {
			if v := event.Value(ev.Detail()).Get(strings.Split(path, "/")...); v != nil {
				text = append(text, string(v))
			}
		}
		return strings.Join(text, " ")
	}
}

// TestNodeSDK: the AWS SDK for JavaScript, signed calls of four services.
func TestNodeSDK(t *testing.T) {
	clients(t)
	keys := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(keys, []byte("AK secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m := start(t, func(c *config.Config) { c.Keys = keys })
	want := `{"call":"PutMetricData"}
{"call":"PutMetricData","error":"InvalidParameterValueException"}
{"call":"PutMetricData","error":"SignatureDoesNotMatch"}
{"call":"CreateLogGroup"}
{"call":"CreateLogGroup","error":"ResourceAlreadyExistsException"}
{"call":"PutRetentionPolicy"}
{"call":"CreateLogStream"}
{"call":"PutLogEvents","rejected":null}
{"call":"PutLogEvents","rejected":{"tooOldLogEventEndIndex":1,"expiredLogEventEndIndex":1}}
{"call":"DescribeLogGroups","groups":[["/shop/web",7]]}
{"call":"DescribeLogStreams","streams":["web-1"]}
{"call":"PutEvents","failed":1,"code":"MalformedDetail"}
{"call":"PutTraceSegments","unprocessed":1}
{"call":"GetSamplingRules","rules":["Default"]}
{"call":"GetSamplingTargets","targets":["Default"]}
{"call":"PutTelemetryRecords"}
`
	if diff := cmp.Diff(want, m.node("aws.js")); diff != "" {
		t.Errorf("what the clients heard (-want +got):\n%s", diff)
	}
	events := []string{
		`Log Event "GET / 200"`, `Log Event "{\"status\":500}" 500`,
		`Metric Datum "latency" 12.5 1`, `Metric Datum "size" 2`, `Metric Datum "spread" 7`,
		`Order 1250`, `Trace Segment "shop"`,
	}
	if diff := cmp.Diff(events, m.came(len(events), members("message", "json/status", "name", "value", "amount", "statistics/count"))); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// TestNodeXRay: the X-Ray SDK, which sends to the daemon over UDP.
func TestNodeXRay(t *testing.T) {
	clients(t)
	probe, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := probe.LocalAddr().String()
	probe.Close()
	m := start(t, func(c *config.Config) { c.XRay = address })
	m.node("xray.js", "AWS_XRAY_DAEMON_ADDRESS="+address)
	want := []string{`Trace Segment "shop" "a" true`}
	if diff := cmp.Diff(want, m.came(1, func(ev event.Event) string {
		var fault string
		for sub := range event.Value(ev.Detail()).Get("subsegments").Items() {
			fault += string(sub.Get("fault"))
		}
		return members("name", "annotations/tenant")(ev) + " " + fault
	})); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// TestNodeOTLP: OpenTelemetry's exporters, in both encodings.
func TestNodeOTLP(t *testing.T) {
	clients(t)
	for _, encoding := range []string{"proto", "http"} {
		t.Run(encoding, func(t *testing.T) {
			m := start(t, func(*config.Config) {})
			if said := m.node("otlp.js", "ENCODING="+encoding); said != "" {
				t.Errorf("the exporters complain: %s", said)
			}
			// The counter is cumulative: 3, then 7. The second time the gauge and what
			// goes up and down come again, the histogram has nothing new.
			want := []string{
				`Log Event "card declined" "ERROR"`,
				`Metric Datum "duration" 12`, `Metric Datum "open" -2`, `Metric Datum "open" -2`, `Metric Datum "orders" 3`, `Metric Datum "orders" 4`,
				`Metric Datum "temperature" 21.5`, `Metric Datum "temperature" 21.5`,
				`Trace Segment "bank.example" true`, `Trace Segment "checkout" true`,
			}
			if diff := cmp.Diff(want, m.came(len(want), members("name", "message", "value", "attributes/severity", "fault"))); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNodeCloudEvents: the CloudEvents SDK, in both modes that it has.
func TestNodeCloudEvents(t *testing.T) {
	clients(t)
	m := start(t, func(*config.Config) {})
	want := "{\"mode\":\"binary\",\"body\":\"\"}\n{\"mode\":\"structured\",\"body\":\"\"}\n"
	if diff := cmp.Diff(want, m.node("cloudevents.js")); diff != "" {
		t.Errorf("what the client heard (-want +got):\n%s", diff)
	}
	got := m.came(2, func(ev event.Event) string {
		return fmt.Sprint(ev.ID, " ", ev.Source, " ", ev.Resources, " ", members("amount", "cloudevent/tenant")(ev))
	})
	if diff := cmp.Diff([]string{`A-1 /shop [order/1] placed 1250 "a"`, `A-2 /shop [order/1] placed 1250 "a"`}, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
