package agentfile

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/ingest/agent/logfile"
	"github.com/tocsin-engine/tocsin/ingest/agent/machine"
	"github.com/tocsin-engine/tocsin/ingest/metrics"
	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

var host = Host{Name: "web-1.example.org", LocalName: "web-1", Address: "10.0.0.7", Region: "eu-west-1", Account: "123456789012"}

func read(texts ...string) (*Plan, diag.List) {
	var files []rulefile.File
	for i, text := range texts {
		files = append(files, rulefile.File{Name: fmt.Sprintf("f%d.json", i), Data: []byte(text)})
	}
	return Read(files, Options{Host: host, Env: func(name string) (string, bool) { return "value of " + name, name != "UNSET" }})
}

// short is what a plan holds: "cpu 2 mem 1 statsd logs 3".
func short(p *Plan) string {
	var words []string
	for _, x := range p.Metrics.Plugins {
		words = append(words, fmt.Sprint(x.Name, " ", len(x.Measurements)))
	}
	if p.Metrics.StatsD != nil {
		words = append(words, "statsd")
	}
	if n := len(p.Logs.Files); n > 0 {
		words = append(words, fmt.Sprint("logs ", n))
	}
	return strings.Join(words, " ")
}

// samples has, for each of the agent's own configurations, what of it is done here; what
// is not is named by as many warnings.
var samples = map[string]struct {
	plan     string
	warnings int
}{
	"_used-in-wire-recording.json":                            {"cpu 2 mem 1 disk 1 netstat 2 processes 3 swap 1 statsd logs 1", 4},
	"advanced_config_linux.json":                              {"cpu 4 disk 2 diskio 5 mem 1 netstat 2 swap 1", 7},
	"advanced_config_windows.json":                            {"", 11},
	"amp_config_linux.json":                                   {"cpu 5", 7},
	"append_dimensions_host_metrics.json":                     {"cpu 1", 4},
	"appsignals_and_ecs_config.json":                          {"", 2},
	"appsignals_and_eks_config.json":                          {"", 3},
	"appsignals_and_k8s_config.json":                          {"", 3},
	"appsignals_fallback_and_eks_config.json":                 {"", 3},
	"appsignals_logs_config.json":                             {"", 1},
	"appsignals_over_fallback_config.json":                    {"", 4},
	"base_appsignals_config.json":                             {"", 3},
	"collectd_append_dimensions_linux.json":                   {"", 1},
	"collectd_config_linux.json":                              {"", 1},
	"compass_linux_config.json":                               {"statsd logs 2", 24},
	"complete_darwin_config.json":                             {"cpu 5 disk 3 diskio 5 swap 3 mem 3 net 4 netstat 3 processes 2 procstat 2 statsd logs 2", 18},
	"complete_linux_config.json":                              {"cpu 5 disk 3 diskio 5 swap 3 mem 3 net 4 netstat 3 processes 3 procstat 2 statsd logs 2", 24},
	"config_with_env.json":                                    {"logs 1", 4},
	"container_insights_jmx.json":                             {"", 2},
	"delta_config_linux.json":                                 {"diskio 3", 4},
	"delta_net_config_linux.json":                             {"net 4", 4},
	"diskio_mixed_config_linux.json":                          {"diskio 1", 3},
	"diskio_telegraf_config_linux.json":                       {"diskio 1", 1},
	"dualstack_config.json":                                   {"cpu 1", 2},
	"emf_and_kubernetes_config.json":                          {"", 2},
	"emf_and_kubernetes_with_gpu_config.json":                 {"", 2},
	"emf_and_kubernetes_with_kueue_config.json":               {"", 2},
	"ignore_append_dimensions.json":                           {"mem 1 disk 1", 4},
	"jmx_config_linux.json":                                   {"cpu 5 disk 3", 5},
	"jmx_eks_config_linux.json":                               {"", 2},
	"journaldlogs_matches.json":                               {"", 2},
	"journaldlogs_priority.json":                              {"", 2},
	"journaldlogs_units.json":                                 {"", 2},
	"kueue_container_insights_config.json":                    {"", 2},
	"log_ecs_metric_only.json":                                {"", 2},
	"log_filter.json":                                         {"logs 2", 1},
	"log_only_config_windows.json":                            {"logs 2", 2},
	"logs_and_kubernetes_config.json":                         {"logs 2", 2},
	"no_skip_log_timestamp.json":                              {"logs 1", 0},
	"opentelemetry__combined_v1_v2_eks_config.json":           {"cpu 2 mem 3 disk 3 diskio 4 net 2 netstat 2 swap 2 processes 3 procstat 2 statsd logs 2", 17},
	"opentelemetry__files_config.json":                        {"logs 2", 1},
	"opentelemetry__host_metrics_aks_config.json":             {"", 1},
	"opentelemetry__otlp_otel_config.json":                    {"", 2},
	"opentelemetry__otlp_otel_eks_config.json":                {"", 1},
	"opentelemetry__prometheus_otel_pipeline_config.json":     {"", 2},
	"opentelemetry__prometheus_otel_pipeline_eks_config.json": {"", 2},
	"opentelemetry__windows_events_config.json":               {"", 1},
	"otlp_metrics_cloudwatchlogs_config.json":                 {"", 1},
	"prometheus_combined_config_linux.json":                   {"", 3},
	"prometheus_otel_config_linux.json":                       {"", 2},
	"shared_otlp_config.json":                                 {"", 7},
	"skip_log_timestamp.json":                                 {"logs 1", 1},
	"skip_log_timestamp_default.json":                         {"logs 1", 0},
	"skip_log_timestamp_windows.json":                         {"logs 1", 1},
	"standard_config_linux.json":                              {"cpu 4 disk 2 diskio 1 mem 1 swap 1", 5},
	"statsd_config.json":                                      {"statsd", 1},
	"statsd_ecs_config.json":                                  {"statsd", 1},
	"windows_eventlog_only_config.json":                       {"", 1},
}

// TestSamples reads the agent's own configurations: none is an error, what is done is a
// plan that can run, and every warning has its place.
func TestSamples(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(sharedtest.Path(t, "agent-config"), "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, path := range paths {
		name := filepath.Base(path)
		if name == "schema.json" {
			continue
		}
		seen++
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		plan, findings := Read([]rulefile.File{{Name: name, Data: data}}, Options{Host: host})
		want, known := samples[name]
		if got := short(plan); !known || got != want.plan || len(findings) != want.warnings || findings.Errors() > 0 {
			t.Errorf("%s: %q and %d warnings, want %q and %d", name, got, len(findings), want.plan, want.warnings)
		}
		for _, f := range findings {
			if f.Line < 1 || f.Path == "" || f.Label == "" || f.File != name {
				t.Errorf("%s: without a place, or a word on what to write: %+v", name, f)
			}
		}
		runs(t, plan)
	}
	if seen != len(samples) {
		t.Errorf("%d samples, want %d", seen, len(samples))
	}
}

// runs makes everything of a plan that works.
func runs(t *testing.T, p *Plan) {
	t.Helper()
	for _, x := range p.Metrics.Plugins {
		if _, err := machine.New(x, machine.Readings{}); err != nil || x.Every < time.Second {
			t.Errorf("%+v: %v", x, err)
		}
	}
	for _, l := range p.Logs.Files {
		f, err := logfile.NewFollower(l, nil)
		if err != nil || l.Group == "" || l.Stream == "" || p.Logs.Flush <= 0 {
			t.Errorf("%+v: %v", l, err)
			continue
		}
		_ = f.Close()
	}
}

func TestMetrics(t *testing.T) {
	plan, findings := read(`{
		"agent": {"metrics_collection_interval": 10, "region": "${REGION}"},
		"metrics": {
			"namespace": "Shop", "force_flush_interval": 30, "endpoint_override": "http://127.0.0.1:7575",
			"append_dimensions": {"team": "core"}, "aggregation_dimensions": [["team"], []],
			"metrics_collected": {
				"cpu": {"resources": ["*"], "totalcpu": false, "measurement": ["usage_idle", {"name": "cpu_usage_user", "rename": "USER", "unit": "Count"}],
					"drop_original_metrics": ["cpu_usage_idle"], "metrics_collection_interval": 1},
				"disk": {"resources": ["/"], "measurement": ["used_percent"], "ignore_file_system_types": ["tmpfs"], "drop_device": true, "append_dimensions": {"d": "x"}},
				"procstat": [{"exe": "^nginx", "measurement": ["pid_count"]}],
				"statsd": {"service_address": "udp://127.0.0.1:8126", "metrics_aggregation_interval": 0}}}}`)
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	want := Metrics{
		Endpoint: "http://127.0.0.1:7575", Flush: 30 * time.Second,
		Shape: machine.Shape{
			Namespace:    "Shop",
			Dimensions:   []metrics.Dimension{{Name: "host", Value: "web-1.example.org"}, {Name: "team", Value: "core"}},
			Aggregations: [][]string{{"team"}, {}},
		},
		Plugins: []machine.Plugin{
			{Name: "cpu", Every: time.Second, Resources: []string{"*"}, NoTotal: true, DropOriginal: []string{"usage_idle"},
				Measurements: []machine.Measurement{{Field: "usage_idle"}, {Field: "usage_user", Rename: "USER", Unit: "Count"}}},
			{Name: "disk", Every: 10 * time.Second, Resources: []string{"/"}, IgnoreFSTypes: []string{"tmpfs"}, DropDevice: true,
				Measurements: []machine.Measurement{{Field: "used_percent"}}, Dimensions: []metrics.Dimension{{Name: "d", Value: "x"}}},
			{Name: "procstat", Every: 10 * time.Second, Measurements: []machine.Measurement{{Field: "pid_count"}},
				Select: machine.Selector{Exe: regexp.MustCompile("^nginx")}},
		},
		StatsD: &StatsD{Address: "127.0.0.1:8126", Every: 10 * time.Second, Resolution: 1},
	}
	text := cmp.Comparer(func(a, b *regexp.Regexp) bool { return a == b || a != nil && b != nil && a.String() == b.String() })
	if diff := cmp.Diff(want, plan.Metrics, text); diff != "" || plan.Region != "value of REGION" {
		t.Errorf("region %q\n%s", plan.Region, diff)
	}
}

func TestLogs(t *testing.T) {
	plan, findings := read(`{
		"agent": {"omit_hostname": true},
		"logs": {"log_stream_name": "{local_hostname}", "force_flush_interval": 15, "logs_collected": {"files": {"collect_list": [
			{"file_path": "/var/log/app/*.log", "log_group_name": "/app/{aws_region}/{account_id}", "log_stream_name": "{ip_address}-{date}", "timezone": "UTC",
				"timestamp_format": "%H:%M:%S", "multi_line_start_pattern": "{timestamp_format}", "retention_in_days": 7, "blacklist": "debug",
				"encoding": "utf-16", "auto_removal": true, "trim_timestamp": true,
				"filters": [{"type": "include", "expression": "ERROR"}, {"type": "exclude", "expression": "404"}]},
			{"file_path": "/var/log/syslog.1", "multi_line_start_pattern": "^\\d"}]}}}}`)
	if len(findings) > 0 || len(plan.Logs.Files) != 2 {
		t.Fatal(findings)
	}
	a, b := plan.Logs.Files[0], plan.Logs.Files[1]
	if a.Group != "/app/eu-west-1/123456789012" || a.Stream != "10.0.0.7-{date}" || a.Location != time.UTC || a.Start == nil || a.Start != a.Timestamp.Regexp() ||
		!a.Trim || !a.AutoRemoval || a.All || a.FromEnd || a.Blacklist == nil || len(a.Filters) != 2 || a.Filters[0].Exclude || !a.Filters[1].Exclude {
		t.Errorf("%+v", a)
	}
	if b.Group != "/var/log/syslog" || b.Stream != "web-1" || b.Location != time.Local || b.Start.String() != `^\d` || b.Timestamp != nil {
		t.Errorf("%+v", b)
	}
	if plan.Logs.Flush != 15*time.Second || !cmp.Equal(plan.Logs.Retention, map[string]int{"/app/eu-west-1/123456789012": 7}) {
		t.Errorf("%+v", plan.Logs)
	}
}

const awslogs = `# the old agent
[general]
state_file = /var/lib/awslogs/state

[/var/log/messages]
file = /var/log/messages
log_group_name = /var/log/messages
log_stream_name: {hostname}
datetime_format = %b %d %H:%M:%S
time_zone = UTC
initial_position = end_of_file
buffer_duration = 8000

[app]
file = /var/log/app.log*
log_group_name = app
multi_line_start_pattern = {datetime_format}
datetime_format = %Y-%m-%d
    %H:%M
encoding = latin-1
`

func TestAWSLogs(t *testing.T) {
	plan, findings := read(awslogs)
	if len(findings) != 1 || findings[0].Error() != "f0.json:3:14: warning A002: general.state_file: general.state_file is not done here" {
		t.Fatal(findings)
	}
	a, b := plan.Logs.Files[0], plan.Logs.Files[1]
	if a.Path != "/var/log/messages" || a.Group != a.Path || a.Stream != host.Name || a.Timestamp == nil || a.Location != time.UTC || !a.FromEnd {
		t.Errorf("%+v", a)
	}
	if b.Group != "app" || b.Stream != host.Name || b.FromEnd || b.Start != b.Timestamp.Regexp() || plan.Logs.Flush != 8*time.Second {
		t.Errorf("%+v", b)
	}
	runs(t, plan)
}

func TestMerge(t *testing.T) {
	const a = `{"agent": {"region": "eu-west-1"}, "metrics": {"metrics_collected": {"mem": {"measurement": ["used"]}}},
		"logs": {"logs_collected": {"files": {"collect_list": [{"file_path": "/a"}, {"file_path": "/b"}]}}}}`
	const b = `{"agent": {"region": "eu-west-1"}, "metrics": {"metrics_collected": {"swap": {"measurement": ["used"]}, "mem": {"measurement": ["used"]}}},
		"logs": {"logs_collected": {"files": {"collect_list": [{"file_path": "/b"}, {"file_path": "/c"}]}}}}`
	plan, findings := read(a, b, awslogs)
	if got := short(plan); findings.Errors() > 0 || got != "mem 1 swap 1 logs 5" {
		t.Errorf("%s, %v", got, findings)
	}
	_, findings = read(a, "{\n\"agent\": {\"region\": \"us-east-1\"}}")
	const want = "f1.json:2:21: error A004: agent.region: region has another value in f0.json, line 1"
	if len(findings) != 1 || findings[0].Error() != want {
		t.Errorf("%v, want %s", findings, want)
	}
}

func TestFindings(t *testing.T) {
	logs := func(entry string) string {
		return `{"logs": {"logs_collected": {"files": {"collect_list": [` + entry + `]}}}}`
	}
	plugin := func(text string) string { return `{"metrics": {"metrics_collected": ` + text + `}}` }
	for _, tc := range []struct{ name, text, want string }{
		{"no JSON", `{"agent": }`, "J001"},
		{"not an object", `{"agent": []}`, "error A001: agent: agent is not an object"},
		{"a number as text", `{"agent": {"metrics_collection_interval": true}}`, "is not a number"},
		{"an interval of nothing", `{"agent": {"metrics_collection_interval": 0}}`, "cannot be 0"},
		{"half a second", `{"agent": {"metrics_collection_interval": 0.5}}`, "cannot be 0.5"},
		{"an interval too long", `{"agent": {"metrics_collection_interval": 172801}}`, "cannot be 172801"},
		{"twice", `{"agent": {"region": "a", "region": "b"}}`, `error A004: region: "region" stands twice, first on line 1`},
		{"a slip", `{"agnet": {}}`, `warning A005: agnet: unknown name "agnet"`},
		{"an empty text", `{"agent": {"region": ""}}`, "region is empty"},
		{"an unset variable", `{"agent": {"region": "${UNSET}"}}`, "warning A003: agent.region: the environment has no variable UNSET"},
		{"no measurement", plugin(`{"mem": {}}`), "mem has no measurement"},
		{"an unknown metric", plugin(`{"mem": {"measurement": ["used_prcent"]}}`), `warning A002: metrics.metrics_collected.mem.measurement[0]: mem has no metric "used_prcent" here`},
		{"a metric that is a number", plugin(`{"mem": {"measurement": [1]}}`), "a measurement is a name"},
		{"a unit that is none", plugin(`{"mem": {"measurement": [{"name": "used", "unit": "Percents"}]}}`), `warning A001: metrics.metrics_collected.mem.measurement[0].unit: CloudWatch has no unit "Percents"`},
		{"which processes", plugin(`{"procstat": [{"measurement": ["pid_count"]}]}`), "which processes"},
		{"a dimension of EC2", plugin(`{"mem": {"measurement": ["used"], "append_dimensions": {"I": "${aws:InstanceId}"}}}`), "warning A003: metrics.metrics_collected.mem.append_dimensions.I"},
		{"no file", logs(`{}`), "error A001: logs.logs_collected.files.collect_list[0]: the entry names no file"},
		{"a path that is none", logs(`{"file_path": "/var/[a"}`), "no pattern of paths"},
		{"a format that is none", logs(`{"file_path": "/a", "timestamp_format": "%Q"}`), "no part of a time"},
		{"a placeholder without a format", logs(`{"file_path": "/a", "multi_line_start_pattern": "{timestamp_format}"}`), "the entry does not have"},
		{"no expression", logs(`{"file_path": "/a", "blacklist": "("}`), "blacklist is no regular expression"},
		{"a zone", logs(`{"file_path": "/a", "timezone": "Europe/Berlin"}`), "no zone"},
		{"an encoding", logs(`{"file_path": "/a", "encoding": "klingon"}`), "no encoding"},
		{"days", logs(`{"file_path": "/a", "retention_in_days": 10}`), "cannot be kept for 10 days"},
		{"days that differ", logs(`{"file_path": "/a", "log_group_name": "g", "retention_in_days": 7}, {"file_path": "/b", "log_group_name": "g", "retention_in_days": 5}`), "elsewhere for 7"},
		{"half a filter", logs(`{"file_path": "/a", "filters": [{"type": "include"}]}`), "a filter needs"},
		{"a filter of a type", logs(`{"file_path": "/a", "filters": [{"type": "drop", "expression": "x"}]}`), `of type "drop"`},
		{"a group that cannot be", logs(`{"file_path": "/a", "log_group_name": "a b"}`), `a log group cannot be called "a b"`},
		{"a group that the path cannot name", logs(`{"file_path": "/var/log/*.log"}`), `a log group cannot be called "/var/log/*"`},
		{"a stream that cannot be", logs(`{"file_path": "/a", "log_stream_name": "a:b"}`), `a log stream cannot be called "a:b"`},
		{"an instance", logs(`{"file_path": "/a", "log_stream_name": "{instance_id}"}`), "it becomes i-UNKNOWN"},
		{"ini: no section", "a = b\n", "before the first [section]"},
		{"ini: no value", "[a]\nb\n", "neither a [section] nor"},
		{"ini: a position", "[a]\nfile = /a\ninitial_position = middle\n", `cannot begin at "middle"`},
		{"ini: twice", "[a]\nfile = /a\n[a]\nfile = /b\n", "A004"},
		{"ini: an unknown name", "[a]\nfile = /a\nfiles = /b\n", `unknown name "files"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, findings := read(tc.text)
			found := slices.ContainsFunc(findings, func(f diag.Finding) bool { return strings.Contains(f.Error(), tc.want) })
			if !found {
				t.Errorf("%v, want %q", findings, tc.want)
			}
		})
	}
}

// TestPages: the examples of the pages give their own code and no other.
func TestPages(t *testing.T) {
	example := regexp.MustCompile("(?s)```json agent\n(.+?)\n```")
	for _, code := range []string{codeValue, codeElsewhere, codePlaceholder, codeTwice, codeUnknown} {
		page, _ := diag.Page(code)
		m := example.FindAllStringSubmatch(page, -1)
		if len(m) != 2 {
			t.Fatalf("%s has %d examples", code, len(m))
		}
		_, bad := read(m[0][1])
		_, good := read(m[1][1])
		if len(bad) == 0 || len(good) > 0 || slices.ContainsFunc(bad, func(f diag.Finding) bool { return f.Code != code }) {
			t.Errorf("%s: %v; and what to write: %v", code, bad, good)
		}
	}
}

// FuzzRead: whatever is read, findings have their place in it, and what has no error
// makes a plan that can run.
func FuzzRead(f *testing.F) {
	for _, s := range []string{
		awslogs, `{"agent": {"region": "${X}"}}`, "[a]\nfile=/x\n y", "{", `{"metrics":{"metrics_collected":{"cpu":{"measurement":["usage_idle",{"name":"usage_user"}],"totalcpu":false},"procstat":[{"exe":"x","measurement":["pid"]}],"statsd":{}}}}`,
		`{"logs":{"logs_collected":{"files":{"collect_list":[{"file_path":"/a/**","timestamp_format":"%d %b","filters":[{"type":"include","expression":"x"}]}]}}}}`,
	} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		plan, findings := read(a, b)
		for _, x := range findings {
			text := a
			if x.File == "f1.json" {
				text = b
			}
			if x.Line < 1 || x.Line > 1+strings.Count(text, "\n") || x.Message == "" {
				t.Errorf("%+v in %q", x, text)
			}
		}
		if findings.Errors() == 0 {
			runs(t, plan)
		}
	})
}
