package machine

import (
	"slices"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/metrics"
)

type memory struct{ read func() (Memory, error) }

func (c memory) Collect(time.Time) ([]Sample, error) {
	m, err := c.read()
	if err != nil {
		return nil, err
	}
	return sizes(nil, map[string]float64{
		"total": float64(m.Total), "available": float64(m.Available), "used": float64(m.Used), "free": float64(m.Free),
		"active": float64(m.Active), "inactive": float64(m.Inactive), "buffered": float64(m.Buffered),
		"cached": float64(m.Cached), "shared": float64(m.Shared),
		"used_percent": share(m.Used, m.Total), "available_percent": share(m.Available, m.Total),
	}), nil
}

type swap struct{ read func() (Swap, error) }

func (c swap) Collect(time.Time) ([]Sample, error) {
	s, err := c.read()
	if err != nil {
		return nil, err
	}
	return sizes(nil, map[string]float64{
		"used": float64(s.Used), "free": float64(s.Free), "used_percent": share(s.Used, s.Total),
	}), nil
}

type disks struct {
	p    Plugin
	read func() ([]Disk, error)
}

func (c disks) Collect(time.Time) ([]Sample, error) {
	all, err := c.read()
	var samples []Sample
	for _, d := range all {
		if !c.p.wants(d.Path) || slices.Contains(c.p.IgnoreFSTypes, d.FSType) {
			continue
		}
		dims := []metrics.Dimension{{Name: "device", Value: d.Device}, {Name: "fstype", Value: d.FSType}, {Name: "path", Value: d.Path}}
		if c.p.DropDevice {
			dims = dims[1:]
		}
		samples = append(samples, sizes(dims, map[string]float64{
			"total": float64(d.Total), "used": float64(d.Used), "free": float64(d.Free),
			// Of what a user can use: what is kept for root is neither used nor free.
			"used_percent": share(d.Used, d.Used+d.Free),
			"inodes_total": float64(d.InodesTotal), "inodes_used": float64(d.InodesUsed), "inodes_free": float64(d.InodesFree),
		})...)
	}
	return samples, err
}

// sizes are the samples of one thing.
func sizes(dims []metrics.Dimension, values map[string]float64) []Sample {
	samples := make([]Sample, 0, len(values))
	for field, v := range values {
		samples = append(samples, Sample{field, dims, v})
	}
	return samples
}
