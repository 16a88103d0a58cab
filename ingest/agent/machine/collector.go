package machine

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/metrics"
)

// Plugin says what one collector collects.
type Plugin struct {
	// Name is one of Plugins.
	Name string
	// Every is the time between collections; under a minute makes high-resolution metrics.
	Every        time.Duration
	Measurements []Measurement
	// Resources limit what is measured: mount points, devices, interfaces; nil or "*"
	// for all. For a cpu "*" adds the cores, and nil leaves them out.
	Resources []string
	// NoTotal leaves cpu-total out.
	NoTotal bool
	// IgnoreFSTypes are file system types that a disk collector passes over; DropDevice
	// leaves the device out of its dimensions.
	IgnoreFSTypes []string
	DropDevice    bool
	// Select is for procstat.
	Select Selector
	// Dimensions stand on every metric of the plugin.
	Dimensions []metrics.Dimension
	// DropOriginal are fields of which only the aggregations are wanted.
	DropOriginal []string
}

// Measurement is one metric that is wanted.
type Measurement struct {
	// Field is its name in the catalog.
	Field string
	// Rename and Unit are used in place of the catalog's, if given.
	Rename, Unit string
}

// Selector finds processes; one of its fields is set.
type Selector struct {
	PIDFile      string
	Exe, Pattern *regexp.Regexp
}

// Sample is one number of one thing.
type Sample struct {
	Field      string
	Dimensions []metrics.Dimension
	Value      float64
}

// Collector measures one plugin's part of a machine. It is not for concurrent use.
type Collector interface {
	// Collect measures. With an error, there may be samples of what worked.
	Collect(now time.Time) ([]Sample, error)
}

// New makes the collector of a plugin.
func New(p Plugin, r Readings) (Collector, error) {
	switch p.Name {
	case "cpu":
		return &cpuCollector{p: p, read: r.CPU}, nil
	case "mem":
		return memory{r.Memory}, nil
	case "swap":
		return swap{r.Swap}, nil
	case "disk":
		return disks{p, r.Disks}, nil
	case "diskio":
		return &counters{read: devices(p, r.Devices)}, nil
	case "net":
		return &counters{read: interfaces(p, r.Interfaces)}, nil
	case "netstat":
		return connections{r.Connections}, nil
	case "processes":
		return processes{r.Processes}, nil
	case "procstat":
		return &procstat{p: p, r: r}, nil
	}
	return nil, fmt.Errorf("machine: there is no collector %q", p.Name)
}

// wants says whether a resource is one of the plugin's.
func (p Plugin) wants(resource string) bool {
	return p.Resources == nil || slices.Contains(p.Resources, "*") || slices.Contains(p.Resources, resource)
}

// one is the dimension of samples that have one.
func one(name, value string) []metrics.Dimension {
	return []metrics.Dimension{{Name: name, Value: value}}
}

// share is part of whole in percent; 0 of nothing.
func share(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}
