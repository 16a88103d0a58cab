package machine

import (
	"slices"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/metrics"
)

// counted is one thing with numbers that only grow, and some that do not.
type counted struct {
	dims   []metrics.Dimension
	name   string
	growth map[string]uint64
	gauges map[string]float64
}

// counters report by how much each number grew since the last collection.
type counters struct {
	read func() ([]counted, error)
	last map[string]map[string]uint64
}

func (c *counters) Collect(time.Time) ([]Sample, error) {
	things, err := c.read()
	if err != nil {
		return nil, err
	}
	last := c.last
	c.last = make(map[string]map[string]uint64, len(things))
	var samples []Sample
	for _, t := range things {
		c.last[t.name] = t.growth
		samples = append(samples, sizes(t.dims, t.gauges)...)
		before, known := last[t.name]
		for field, v := range t.growth {
			if known && v >= before[field] { // less than before: the device came anew
				samples = append(samples, Sample{field, t.dims, float64(v - before[field])})
			}
		}
	}
	return samples, nil
}

func devices(p Plugin, read func() ([]Device, error)) func() ([]counted, error) {
	return func() ([]counted, error) {
		all, err := read()
		var things []counted
		for _, d := range all {
			if !p.wants(d.Name) {
				continue
			}
			things = append(things, counted{
				dims: one("name", d.Name), name: d.Name,
				growth: map[string]uint64{
					"reads": d.Reads, "writes": d.Writes, "read_bytes": d.ReadBytes, "write_bytes": d.WriteBytes,
					"read_time": d.ReadTime, "write_time": d.WriteTime, "io_time": d.IOTime,
				},
				gauges: map[string]float64{"iops_in_progress": float64(d.IOPSInProgress)},
			})
		}
		return things, err
	}
}

func interfaces(p Plugin, read func() ([]Interface, error)) func() ([]counted, error) {
	return func() ([]counted, error) {
		all, err := read()
		var things []counted
		for _, i := range all {
			// Who names none wants those that carry traffic of the network.
			if p.Resources == nil && (i.Loopback || !i.Up) || !p.wants(i.Name) {
				continue
			}
			things = append(things, counted{
				dims: one("interface", i.Name), name: i.Name,
				growth: map[string]uint64{
					"bytes_sent": i.BytesSent, "bytes_recv": i.BytesRecv, "packets_sent": i.PacketsSent,
					"packets_recv": i.PacketsRecv, "err_in": i.ErrIn, "err_out": i.ErrOut, "drop_in": i.DropIn, "drop_out": i.DropOut,
				},
			})
		}
		return things, err
	}
}

type connections struct {
	read func() (map[string]int, error)
}

func (c connections) Collect(time.Time) ([]Sample, error) {
	counts, err := c.read()
	if err != nil {
		return nil, err
	}
	var samples []Sample
	for _, field := range Fields("netstat") { // a kind without sockets counts 0
		samples = append(samples, Sample{Field: field, Value: float64(counts[field])})
	}
	return samples, nil
}

type processes struct{ read func() ([]Process, error) }

func (c processes) Collect(time.Time) ([]Sample, error) {
	all, err := c.read()
	if err != nil {
		return nil, err
	}
	counts := map[string]int{"total": len(all)}
	for _, p := range all {
		counts[p.State]++
		counts["total_threads"] += p.Threads
	}
	var samples []Sample
	for _, field := range slices.DeleteFunc(Fields("processes"), func(f string) bool { return f == "wait" }) {
		samples = append(samples, Sample{Field: field, Value: float64(counts[field])})
	}
	return samples, nil
}
