package machine

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/metrics"
)

// procstat measures chosen processes.
type procstat struct {
	p Plugin
	r Readings
	// last is the CPU time of each process at the collection before this one.
	last map[int32]cpuTime
}

type cpuTime struct {
	at      time.Time
	seconds float64
}

func (c *procstat) Collect(now time.Time) ([]Sample, error) {
	chosen, err := c.choose()
	if err != nil {
		return nil, err
	}
	selector := c.p.Select.dimension()
	samples := []Sample{{Field: "pid_count", Dimensions: selector, Value: float64(len(chosen))}}
	last := c.last
	c.last = make(map[int32]cpuTime, len(chosen))
	for _, p := range chosen {
		u, e := c.r.Process(p.PID)
		if e != nil { // it ended since it was listed, or is not ours to look at
			err = cmp.Or(err, fmt.Errorf("process %d: %w", p.PID, e))
			continue
		}
		dims := append(slices.Clone(selector), metrics.Dimension{Name: "process_name", Value: p.Name})
		samples = append(samples, usage(dims, p.PID, u)...)
		used := u.CPUUser + u.CPUSystem
		if before, known := last[p.PID]; known && now.After(before.at) && used >= before.seconds {
			samples = append(samples, Sample{"cpu_usage", dims, 100 * (used - before.seconds) / now.Sub(before.at).Seconds()})
		}
		c.last[p.PID] = cpuTime{now, used}
	}
	return samples, err
}

func (s Selector) dimension() []metrics.Dimension {
	switch {
	case s.PIDFile != "":
		return one("pidfile", s.PIDFile)
	case s.Exe != nil:
		return one("exe", s.Exe.String())
	}
	return one("pattern", s.Pattern.String())
}

// choose finds the processes of the selector.
func (c *procstat) choose() ([]Process, error) {
	s := c.p.Select
	pid := int32(-1)
	if s.PIDFile != "" {
		text, err := os.ReadFile(s.PIDFile)
		if errors.Is(err, os.ErrNotExist) { // it is not running: 0 of them are
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 32)
		if err != nil {
			return nil, fmt.Errorf("%s holds no process id: %.20q", s.PIDFile, text)
		}
		pid = int32(n)
	}
	all, err := c.r.Processes()
	return slices.DeleteFunc(all, func(p Process) bool {
		switch {
		case s.PIDFile != "":
			return p.PID != pid
		case s.Exe != nil:
			return !s.Exe.MatchString(p.Name)
		}
		return !s.Pattern.MatchString(p.Command)
	}), err
}

// usage are the samples of one process.
func usage(dims []metrics.Dimension, pid int32, u ProcessUsage) []Sample {
	return sizes(dims, map[string]float64{
		"pid": float64(pid), "cpu_time": u.CPUUser + u.CPUSystem, "cpu_time_user": u.CPUUser, "cpu_time_system": u.CPUSystem,
		"memory_rss": float64(u.RSS), "memory_vms": float64(u.VMS), "memory_swap": float64(u.MemorySwap),
		"memory_data": float64(u.Data), "memory_stack": float64(u.Stack), "memory_locked": float64(u.Locked),
		"read_bytes": float64(u.ReadBytes), "write_bytes": float64(u.WriteBytes),
		"read_count": float64(u.ReadCount), "write_count": float64(u.WriteCount),
		"num_fds": float64(u.FDs), "num_threads": float64(u.Threads),
		"voluntary_context_switches": float64(u.VoluntarySwitches), "involuntary_context_switches": float64(u.InvoluntarySwitches),
	})
}
