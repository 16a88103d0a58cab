package machine

import (
	"maps"
	"slices"
	"strings"
)

// The units of the catalog.
const (
	none         = "None"
	percent      = "Percent"
	bytes        = "Bytes"
	count        = "Count"
	milliseconds = "Milliseconds"
)

// catalog has the metrics of each plugin and their units. The names and units are the
// unified agent's; only its swap_free and swap_used_percent have their units changed
// over there.
var catalog = map[string]map[string]string{
	"cpu": {
		"time_active": none, "time_guest": none, "time_guest_nice": none, "time_idle": none, "time_iowait": none,
		"time_irq": none, "time_nice": none, "time_softirq": none, "time_steal": none, "time_system": none, "time_user": none,
		"usage_active": percent, "usage_guest": percent, "usage_guest_nice": percent, "usage_idle": percent,
		"usage_iowait": percent, "usage_irq": percent, "usage_nice": percent, "usage_softirq": percent,
		"usage_steal": percent, "usage_system": percent, "usage_user": percent,
	},
	"mem": {
		"active": bytes, "available": bytes, "available_percent": percent, "buffered": bytes, "cached": bytes,
		"free": bytes, "inactive": bytes, "shared": bytes, "total": bytes, "used": bytes, "used_percent": percent,
	},
	"swap": {"free": bytes, "used": bytes, "used_percent": percent},
	"disk": {
		"free": bytes, "inodes_free": count, "inodes_total": count, "inodes_used": count,
		"total": bytes, "used": bytes, "used_percent": percent,
	},
	"diskio": {
		"iops_in_progress": count, "io_time": milliseconds, "reads": count, "read_bytes": bytes,
		"read_time": milliseconds, "writes": count, "write_bytes": bytes, "write_time": milliseconds,
	},
	"net": {
		"bytes_sent": bytes, "bytes_recv": bytes, "drop_in": count, "drop_out": count, "err_in": count,
		"err_out": count, "packets_sent": count, "packets_recv": count,
	},
	"netstat": {
		"tcp_close": count, "tcp_close_wait": count, "tcp_closing": count, "tcp_established": count,
		"tcp_fin_wait1": count, "tcp_fin_wait2": count, "tcp_last_ack": count, "tcp_listen": count, "tcp_none": count,
		"tcp_syn_sent": count, "tcp_syn_recv": count, "tcp_time_wait": count, "udp_socket": count,
	},
	"processes": {
		"blocked": count, "dead": count, "idle": count, "paging": count, "running": count, "sleeping": count,
		"stopped": count, "total": count, "total_threads": count, "wait": count, "zombies": count,
	},
	"procstat": {
		"cpu_time": count, "cpu_time_system": count, "cpu_time_user": count, "cpu_usage": percent,
		"memory_data": bytes, "memory_locked": bytes, "memory_rss": bytes, "memory_stack": bytes, "memory_swap": bytes,
		"memory_vms": bytes, "num_fds": count, "num_threads": count, "pid": count, "pid_count": count,
		"read_bytes": bytes, "read_count": count, "write_bytes": bytes, "write_count": count,
		"voluntary_context_switches": count, "involuntary_context_switches": count,
	},
}

// Plugins are the names of what can be collected, sorted.
func Plugins() []string { return slices.Sorted(maps.Keys(catalog)) }

// Fields are the names that the metrics of a plugin have within it, sorted.
func Fields(plugin string) []string { return slices.Sorted(maps.Keys(catalog[plugin])) }

// Field finds a plugin's metric by the name a person gives it, with the plugin's name in
// front (cpu_usage_idle) or without (usage_idle).
func Field(plugin, name string) (field string, ok bool) {
	fields := catalog[plugin]
	if _, ok := fields[name]; ok {
		return name, true
	}
	field, _ = strings.CutPrefix(name, plugin+"_")
	_, ok = fields[field]
	return field, ok
}
