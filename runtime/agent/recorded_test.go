package agent

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/ingest/agent/machine"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/agentfile"
	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

// TestRecordedAgent: of the configuration with which the CloudWatch agent was recorded,
// this agent makes the same metrics: names, dimensions, units and resolutions, and the
// same number of each.
func TestRecordedAgent(t *testing.T) {
	text, err := os.ReadFile(sharedtest.Path(t, "agent-config/_used-in-wire-recording.json"))
	if err != nil {
		t.Fatal(err)
	}
	plan, findings := agentfile.Read([]rulefile.File{{Name: "c.json", Data: text}}, agentfile.Options{Host: agentfile.Host{Name: "h"}})
	if findings.Errors() > 0 {
		t.Fatal(findings)
	}
	cores := func(n float64) (all []machine.CPU) {
		for _, name := range []string{"cpu0", "cpu1", "cpu-total"} {
			all = append(all, machine.CPU{Name: name, User: n, Idle: n})
		}
		return all
	}
	n := 0.0
	readings := machine.Readings{
		CPU:    func() ([]machine.CPU, error) { n++; return cores(n), nil },
		Memory: func() (machine.Memory, error) { return machine.Memory{Total: 2, Used: 1}, nil },
		Swap:   func() (machine.Swap, error) { return machine.Swap{}, nil },
		Disks: func() ([]machine.Disk, error) {
			return []machine.Disk{{Device: "vda", FSType: "ext4", Path: "/", Used: 1, Free: 1}}, nil
		},
		Connections: func() (map[string]int, error) { return nil, nil },
		Processes:   func() ([]machine.Process, error) { return nil, nil },
	}
	at := time.Date(2026, 11, 22, 18, 59, 8, 0, time.UTC)
	m, err := newMeasurer(plan.Metrics, readings, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.collect(at); err != nil {
		t.Fatal(err)
	}
	data, _, err := m.collect(at.Add(10 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, d := range data {
		var dims []string
		for _, dim := range d.Dimensions {
			dims = append(dims, dim.Name+"="+dim.Value)
		}
		got[fmt.Sprintf("%s %s{%s} %s %d", d.Namespace, d.Name, strings.Join(dims, ","), d.Unit, d.StorageResolution)]++
	}
	if diff := cmp.Diff(recorded(t), got); diff != "" {
		t.Error(diff)
	}
}

// recorded are the metrics of the recording's largest request, which is of one collection.
func recorded(t *testing.T) map[string]int {
	f, err := os.Open(sharedtest.Path(t, "wire/amazon-cloudwatch-agent-1.300055.0.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var best map[string]int
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r struct {
			Headers map[string]string
			Body    struct{ B64 []byte }
		}
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(r.Headers["Content-Type"], "application/x-www-form-urlencoded") {
			continue
		}
		if found := metricsOf(t, r.Body.B64); len(found) > len(best) {
			best = found
		}
	}
	if len(best) == 0 {
		t.Fatal("no request was recorded")
	}
	return best
}

func metricsOf(t *testing.T, body []byte) map[string]int {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z) // the recording was flushed, not closed
	if err != nil && err != io.ErrUnexpectedEOF {
		t.Fatal(err)
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for i := 1; form.Has(fmt.Sprintf("MetricData.member.%d.MetricName", i)); i++ {
		of := func(name string) string { return form.Get(fmt.Sprintf("MetricData.member.%d.%s", i, name)) }
		dims := map[string]string{}
		for j := 1; of(fmt.Sprintf("Dimensions.member.%d.Name", j)) != ""; j++ {
			dims[of(fmt.Sprintf("Dimensions.member.%d.Name", j))] = of(fmt.Sprintf("Dimensions.member.%d.Value", j))
		}
		var list []string
		for _, name := range slices.Sorted(maps.Keys(dims)) {
			list = append(list, name+"="+dims[name])
		}
		if name := of("MetricName"); !strings.HasPrefix(name, "statsd") && dims["metric_type"] == "" {
			found[fmt.Sprintf("%s %s{%s} %s %s", form.Get("Namespace"), name, strings.Join(list, ","), of("Unit"), of("StorageResolution"))]++
		}
	}
	return found
}
