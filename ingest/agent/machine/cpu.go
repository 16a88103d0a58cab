package machine

import "time"

// cpuTotal is the name of all cores together.
const cpuTotal = "cpu-total"

// cpuCollector turns the seconds of each core into shares of the time since the last
// collection.
type cpuCollector struct {
	p    Plugin
	read func() ([]CPU, error)
	last map[string]CPU
}

func (c *cpuCollector) Collect(time.Time) ([]Sample, error) {
	readings, err := c.read()
	if err != nil {
		return nil, err
	}
	last := c.last
	c.last = make(map[string]CPU, len(readings))
	var samples []Sample
	for _, r := range readings {
		if !c.wants(r.Name) {
			continue
		}
		c.last[r.Name] = r
		dims := one("cpu", r.Name)
		for field, v := range r.times() {
			samples = append(samples, Sample{"time_" + field, dims, v})
		}
		before, known := last[r.Name]
		whole := r.total() - before.total()
		if !known || whole <= 0 { // first collection, or the counters began anew
			continue
		}
		now, then := r.times(), before.times()
		for field, v := range now {
			samples = append(samples, Sample{"usage_" + field, dims, 100 * max(0, v-then[field]) / whole})
		}
	}
	return samples, nil
}

func (c *cpuCollector) wants(name string) bool {
	if name == cpuTotal {
		return !c.p.NoTotal
	}
	return c.p.Resources != nil && c.p.wants(name)
}

func (c CPU) total() float64 {
	return c.User + c.System + c.Idle + c.Nice + c.IOWait + c.IRQ + c.SoftIRQ + c.Steal
}

// times are the seconds by field name. What a guest used is taken out of user and nice,
// where Linux counts it too, so that the shares add up to 100.
func (c CPU) times() map[string]float64 {
	return map[string]float64{
		"active": c.total() - c.Idle, "user": c.User - c.Guest, "system": c.System, "idle": c.Idle,
		"nice": c.Nice - c.GuestNice, "iowait": c.IOWait, "irq": c.IRQ, "softirq": c.SoftIRQ, "steal": c.Steal,
		"guest": c.Guest, "guest_nice": c.GuestNice,
	}
}
