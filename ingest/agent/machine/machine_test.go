package machine

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tocsin-engine/tocsin/ingest/metrics"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// collect runs a plugin once for each reading and returns the last data, as text lines
// "name{dims} value unit".
func collect(t *testing.T, s Shape, p Plugin, r Readings, times int) []string {
	t.Helper()
	if p.Every == 0 {
		p.Every = time.Minute
	}
	if p.Measurements == nil {
		for _, f := range Fields(p.Name) {
			p.Measurements = append(p.Measurements, Measurement{Field: f})
		}
	}
	c, err := New(p, r)
	if err != nil {
		t.Fatal(err)
	}
	var data []metrics.Datum
	for i := range times {
		now := noon.Add(time.Duration(i) * p.Every)
		samples, err := c.Collect(now)
		if err != nil {
			t.Fatal(err)
		}
		data = s.Data(p, samples, now)
	}
	return lines(data)
}

func lines(data []metrics.Datum) (all []string) {
	for _, d := range data {
		var dims []string
		for _, dim := range d.Dimensions {
			dims = append(dims, dim.Name+"="+dim.Value)
		}
		all = append(all, d.Name+"{"+strings.Join(dims, ",")+"} "+string(d.Value)+" "+d.Unit)
	}
	return all
}

// sequence answers with one element after the other.
func sequence[T any](answers ...T) func() (T, error) {
	i := -1
	return func() (T, error) {
		i = min(i+1, len(answers)-1)
		return answers[i], nil
	}
}

func fields(names ...string) (list []Measurement) {
	for _, n := range names {
		list = append(list, Measurement{Field: n})
	}
	return list
}

func TestCPU(t *testing.T) {
	first := []CPU{
		{Name: "cpu0", User: 100, System: 50, Idle: 800, IOWait: 50},
		{Name: "cpu-total", User: 100, System: 50, Idle: 800, IOWait: 50, Guest: 10},
	}
	second := []CPU{
		{Name: "cpu0", User: 130, System: 60, Idle: 850, IOWait: 60},
		{Name: "cpu-total", User: 130, System: 60, Idle: 850, IOWait: 60, Guest: 20},
	}
	all := fields("usage_user", "usage_idle", "usage_active", "usage_guest", "time_user")
	for _, tc := range []struct {
		name     string
		p        Plugin
		readings [][]CPU
		want     []string
	}{
		{"cores and total", Plugin{Name: "cpu", Resources: []string{"*"}, Measurements: all}, [][]CPU{first, second}, []string{
			"cpu_usage_user{cpu=cpu0} 30 Percent", "cpu_usage_user{cpu=cpu-total} 20 Percent",
			"cpu_usage_idle{cpu=cpu0} 50 Percent", "cpu_usage_idle{cpu=cpu-total} 50 Percent",
			"cpu_usage_active{cpu=cpu0} 50 Percent", "cpu_usage_active{cpu=cpu-total} 50 Percent",
			"cpu_usage_guest{cpu=cpu0} 0 Percent", "cpu_usage_guest{cpu=cpu-total} 10 Percent",
			"cpu_time_user{cpu=cpu0} 130 None", "cpu_time_user{cpu=cpu-total} 110 None",
		}},
		{"the total only", Plugin{Name: "cpu", Measurements: fields("usage_idle")}, [][]CPU{first, second}, []string{"cpu_usage_idle{cpu=cpu-total} 50 Percent"}},
		{"the cores only", Plugin{Name: "cpu", Resources: []string{"*"}, NoTotal: true, Measurements: fields("usage_idle")}, [][]CPU{first, second}, []string{"cpu_usage_idle{cpu=cpu0} 50 Percent"}},
		{"a first reading has no shares", Plugin{Name: "cpu", Measurements: all}, [][]CPU{first}, []string{"cpu_time_user{cpu=cpu-total} 90 None"}},
		{"no time has passed", Plugin{Name: "cpu", Measurements: all}, [][]CPU{first, first}, []string{"cpu_time_user{cpu=cpu-total} 90 None"}},
		{"counters that began anew", Plugin{Name: "cpu", Measurements: all}, [][]CPU{second, first}, []string{"cpu_time_user{cpu=cpu-total} 90 None"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := collect(t, Shape{}, tc.p, Readings{CPU: sequence(tc.readings...)}, len(tc.readings))
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSpace(t *testing.T) {
	r := Readings{
		Memory: sequence(Memory{Total: 1000, Available: 600, Used: 400, Cached: 30}),
		Swap:   sequence(Swap{}),
		Disks: sequence([]Disk{
			{Device: "vda1", FSType: "ext4", Path: "/", Total: 100, Used: 30, Free: 60, InodesTotal: 10, InodesFree: 7, InodesUsed: 3},
			{Device: "tmpfs", FSType: "tmpfs", Path: "/run", Total: 10, Used: 1, Free: 9},
		}),
	}
	for _, tc := range []struct {
		name string
		p    Plugin
		want []string
	}{
		{"memory", Plugin{Name: "mem", Measurements: fields("used_percent", "available_percent", "cached", "total")}, []string{
			"mem_used_percent{} 40 Percent", "mem_available_percent{} 60 Percent", "mem_cached{} 30 Bytes", "mem_total{} 1000 Bytes",
		}},
		{"no swap at all", Plugin{Name: "swap"}, []string{"swap_free{} 0 Bytes", "swap_used{} 0 Bytes", "swap_used_percent{} 0 Percent"}},
		{"all disks", Plugin{Name: "disk", Measurements: fields("used")}, []string{
			"disk_used{device=vda1,fstype=ext4,path=/} 30 Bytes", "disk_used{device=tmpfs,fstype=tmpfs,path=/run} 1 Bytes",
		}},
		{"one path, without its device", Plugin{Name: "disk", Resources: []string{"/"}, DropDevice: true, Measurements: fields("inodes_free", "used_percent")}, []string{
			"disk_inodes_free{fstype=ext4,path=/} 7 Count", "disk_used_percent{fstype=ext4,path=/} 33.333333333333336 Percent",
		}},
		{"a type passed over", Plugin{Name: "disk", Resources: []string{"*"}, IgnoreFSTypes: []string{"tmpfs"}, Measurements: fields("free")}, []string{
			"disk_free{device=vda1,fstype=ext4,path=/} 60 Bytes",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, collect(t, Shape{}, tc.p, r, 1)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCounters(t *testing.T) {
	readings := func() Readings {
		return Readings{
			Devices: sequence(
				[]Device{{Name: "vda", Reads: 10, IOTime: 5, IOPSInProgress: 2}, {Name: "vdb", Reads: 900}},
				[]Device{{Name: "vda", Reads: 25, IOTime: 5, IOPSInProgress: 1}, {Name: "vdb", Reads: 3}, {Name: "vdc", Reads: 8}}),
			Interfaces: sequence(
				[]Interface{{Name: "lo", Loopback: true, Up: true}, {Name: "eth0", Up: true, BytesSent: 100}, {Name: "eth1"}},
				[]Interface{{Name: "lo", Loopback: true, Up: true, BytesSent: 7}, {Name: "eth0", Up: true, BytesSent: 150}, {Name: "eth1", BytesSent: 1}}),
			Connections: sequence(map[string]int{"tcp_established": 3, "udp_socket": 2}),
			Processes:   sequence([]Process{{State: "running", Threads: 4}, {State: "sleeping", Threads: 1}, {State: "sleeping", Threads: 2}}),
		}
	}
	for _, tc := range []struct {
		name  string
		p     Plugin
		times int
		want  []string
	}{
		{"growth; a device that came anew or is new has none", Plugin{Name: "diskio", Measurements: fields("reads", "io_time", "iops_in_progress")}, 2, []string{
			"diskio_reads{name=vda} 15 Count", "diskio_io_time{name=vda} 0 Milliseconds", "diskio_io_time{name=vdb} 0 Milliseconds",
			"diskio_iops_in_progress{name=vda} 1 Count", "diskio_iops_in_progress{name=vdb} 0 Count", "diskio_iops_in_progress{name=vdc} 0 Count",
		}},
		{"a first reading has gauges only", Plugin{Name: "diskio", Resources: []string{"vda"}}, 1, []string{"diskio_iops_in_progress{name=vda} 2 Count"}},
		{"interfaces that carry traffic", Plugin{Name: "net", Measurements: fields("bytes_sent")}, 2, []string{"net_bytes_sent{interface=eth0} 50 Bytes"}},
		{"interfaces by name", Plugin{Name: "net", Resources: []string{"lo"}, Measurements: fields("bytes_sent")}, 2, []string{"net_bytes_sent{interface=lo} 7 Bytes"}},
		{"all interfaces", Plugin{Name: "net", Resources: []string{"*"}, Measurements: fields("bytes_sent")}, 2, []string{
			"net_bytes_sent{interface=lo} 7 Bytes", "net_bytes_sent{interface=eth0} 50 Bytes", "net_bytes_sent{interface=eth1} 1 Bytes",
		}},
		{"connections", Plugin{Name: "netstat", Measurements: fields("tcp_established", "tcp_time_wait", "udp_socket")}, 1, []string{
			"netstat_tcp_established{} 3 Count", "netstat_tcp_time_wait{} 0 Count", "netstat_udp_socket{} 2 Count",
		}},
		{"processes", Plugin{Name: "processes", Measurements: fields("running", "sleeping", "dead", "total", "total_threads")}, 1, []string{
			"processes_running{} 1 Count", "processes_sleeping{} 2 Count", "processes_dead{} 0 Count", "processes_total{} 3 Count", "processes_total_threads{} 7 Count",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, collect(t, Shape{}, tc.p, readings(), tc.times)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestProcstat(t *testing.T) {
	pidFile := filepath.Join(t.TempDir(), "web.pid")
	if err := os.WriteFile(pidFile, []byte("7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	readings := func() Readings {
		seconds := 0.0
		return Readings{
			Processes: sequence([]Process{{PID: 7, Name: "nginx", Command: "nginx -g x"}, {PID: 8, Name: "nginx-debug"}, {PID: 9, Name: "sh", Command: "sh nginx"}}),
			Process: func(pid int32) (ProcessUsage, error) {
				if pid == 8 {
					return ProcessUsage{}, errors.New("it has ended")
				}
				seconds += 30
				return ProcessUsage{CPUUser: seconds, RSS: 100}, nil
			},
		}
	}
	for _, tc := range []struct {
		name   string
		choose Selector
		times  int
		want   []string
	}{
		{"by pid file", Selector{PIDFile: pidFile}, 2, []string{
			"procstat_lookup_pid_count{pidfile=" + pidFile + "} 1 Count",
			"procstat_cpu_usage{pidfile=" + pidFile + ",process_name=nginx} 50 Percent",
			"procstat_memory_rss{pidfile=" + pidFile + ",process_name=nginx} 100 Bytes",
		}},
		{"a pid file that is not there", Selector{PIDFile: pidFile + "x"}, 1, []string{"procstat_lookup_pid_count{pidfile=" + pidFile + "x} 0 Count"}},
		{"by command line", Selector{Pattern: regexp.MustCompile("^sh nginx")}, 1, []string{
			"procstat_lookup_pid_count{pattern=^sh nginx} 1 Count", "procstat_memory_rss{pattern=^sh nginx,process_name=sh} 100 Bytes",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := Plugin{Name: "procstat", Select: tc.choose, Measurements: fields("pid_count", "cpu_usage", "memory_rss")}
			if diff := cmp.Diff(tc.want, collect(t, Shape{}, p, readings(), tc.times)); diff != "" {
				t.Error(diff)
			}
		})
	}
	c, _ := New(Plugin{Name: "procstat", Select: Selector{Exe: regexp.MustCompile("nginx")}}, readings())
	samples, err := c.Collect(noon)
	if err == nil || len(samples) < 2 || samples[0].Value != 2 {
		t.Errorf("one of two processes ended: %v, %v; want the samples of the other and the error", samples, err)
	}
}

func TestShape(t *testing.T) {
	r := Readings{CPU: sequence([]CPU{{Name: "cpu0"}, {Name: "cpu-total"}}, []CPU{{Name: "cpu0", User: 1, Idle: 1}, {Name: "cpu-total", User: 1, Idle: 1}})}
	s := Shape{
		Namespace: "CWAgent", Dimensions: []metrics.Dimension{{Name: "host", Value: "h"}, {Name: "d1", Value: "not this"}},
		Aggregations: [][]string{{"d1"}, {}, {"none"}, {"host", "cpu", "d1"}},
	}
	p := Plugin{
		Name: "cpu", Every: 10 * time.Second, Dimensions: []metrics.Dimension{{Name: "d1", Value: "foo"}},
		Measurements: []Measurement{{Field: "usage_idle", Rename: "IDLE", Unit: "Count"}, {Field: "usage_user"}}, DropOriginal: []string{"usage_user"},
	}
	want := []string{
		"IDLE{cpu=cpu-total,d1=foo,host=h} 50 Count", "IDLE{d1=foo} 50 Count", "IDLE{} 50 Count",
		"cpu_usage_user{d1=foo} 50 Percent", "cpu_usage_user{} 50 Percent",
	}
	if diff := cmp.Diff(want, collect(t, s, p, r, 2)); diff != "" {
		t.Error(diff)
	}
	datum := s.Data(p, []Sample{{Field: "usage_idle", Value: 0.1}}, noon)[0]
	wantDatum := metrics.Datum{
		Namespace: "CWAgent", Name: "IDLE", Time: noon, Unit: "Count", StorageResolution: 1, Value: "0.1",
		Dimensions: []metrics.Dimension{{Name: "d1", Value: "foo"}, {Name: "host", Value: "h"}},
	}
	if diff := cmp.Diff(wantDatum, datum); diff != "" {
		t.Error(diff)
	}
}

func TestField(t *testing.T) {
	for _, tc := range []struct{ plugin, name, want string }{
		{"cpu", "usage_idle", "usage_idle"}, {"cpu", "cpu_usage_idle", "usage_idle"}, {"mem", "mem_used_percent", "used_percent"},
		{"procstat", "cpu_usage", "cpu_usage"}, {"cpu", "usage_idel", ""}, {"gpu", "x", ""},
	} {
		if got, ok := Field(tc.plugin, tc.name); ok != (tc.want != "") || ok && got != tc.want {
			t.Errorf("Field(%s, %s) = %q, %v, want %q", tc.plugin, tc.name, got, ok, tc.want)
		}
	}
}

func TestAReadingThatFails(t *testing.T) {
	broken := errors.New("no /proc here")
	r := Readings{
		CPU: func() ([]CPU, error) { return nil, broken }, Memory: func() (Memory, error) { return Memory{}, broken },
		Swap: func() (Swap, error) { return Swap{}, broken }, Disks: func() ([]Disk, error) { return nil, broken },
		Devices: func() ([]Device, error) { return nil, broken }, Interfaces: func() ([]Interface, error) { return nil, broken },
		Connections: func() (map[string]int, error) { return nil, broken }, Processes: func() ([]Process, error) { return nil, broken },
	}
	for _, name := range Plugins() {
		c, err := New(Plugin{Name: name, Select: Selector{Exe: regexp.MustCompile("x")}}, r)
		if err != nil {
			t.Fatal(err)
		}
		if samples, err := c.Collect(noon); !errors.Is(err, broken) || len(samples) > 0 {
			t.Errorf("%s: %v, %v", name, samples, err)
		}
	}
	if _, err := New(Plugin{Name: "gpu"}, r); err == nil {
		t.Error("there is a collector for gpu")
	}
}

// TestThisMachine asks the machine that runs the test: what is measured has a name and a
// unit of the catalog, and lies in the range of its unit.
func TestThisMachine(t *testing.T) {
	r := Local()
	for _, name := range []string{"cpu", "mem", "swap", "disk", "diskio", "net", "netstat", "processes", "procstat"} {
		t.Run(name, func(t *testing.T) {
			self := Selector{PIDFile: filepath.Join(t.TempDir(), "pid")}
			if err := os.WriteFile(self.PIDFile, []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := New(Plugin{Name: name, Resources: []string{"*"}, Select: self}, r)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Collect(noon); err != nil {
				t.Fatal(err)
			}
			samples, err := c.Collect(noon.Add(time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			if len(samples) == 0 && name != "diskio" && name != "disk" { // a container may have neither
				t.Error("nothing was measured")
			}
			for _, s := range samples {
				unit, known := catalog[name][s.Field]
				if !known || s.Value < 0 || unit == percent && s.Value > 100.0001 {
					t.Errorf("%s = %v %s", s.Field, s.Value, unit)
				}
			}
		})
	}
	total, err := r.Memory()
	if err != nil || total.Total == 0 || total.Available > total.Total {
		t.Errorf("memory: %+v, %v", total, err)
	}
	all, err := r.Processes()
	mine := slices.IndexFunc(all, func(p Process) bool { return int(p.PID) == os.Getpid() })
	if err != nil || mine < 0 || all[mine].Threads == 0 || !slices.Contains(Fields("processes"), all[mine].State) {
		t.Errorf("this process is not among %d, %v", len(all), err)
	}
	if diff := cmp.Diff(Plugins(), []string{"cpu", "disk", "diskio", "mem", "net", "netstat", "processes", "procstat", "swap"}, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}
