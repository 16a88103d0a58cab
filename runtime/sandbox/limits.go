package sandbox

import (
	"time"

	"github.com/tocsin-engine/tocsin/sdk/abi"
)

const pageSize = 64 << 10

// Defaults are the limits of the ABI.
var Defaults = abi.Limits{Memory: 32 << 20, TimeMS: 5000, Output: 1 << 20, Log: 64 << 10}

// limits are a target's, with the defaults filled in.
type limits struct {
	memory, fuel, output, log int64
	time                      time.Duration
	// wall is when a call really ends. It is later than what the guest is told only in a
	// replay, which another machine may make.
	wall time.Duration
}

func limitsOf(l abi.Limits) limits {
	l = Limits(l, Defaults)
	wall := time.Duration(l.TimeMS) * time.Millisecond
	return limits{memory: l.Memory, fuel: l.Fuel, output: l.Output, log: l.Log, time: wall, wall: wall}
}

// abi is the limits as a manifest has them.
func (l limits) abi() abi.Limits {
	return abi.Limits{Memory: l.memory, TimeMS: l.time.Milliseconds(), Fuel: l.fuel, Output: l.output, Log: l.log}
}

// Limits returns l with what is zero taken from otherwise: a rule file's limits over the
// manifest's over Defaults.
func Limits(l, otherwise abi.Limits) abi.Limits {
	pick := func(a, b int64) int64 {
		if a > 0 {
			return a
		}
		return b
	}
	return abi.Limits{Memory: pick(l.Memory, otherwise.Memory), TimeMS: pick(l.TimeMS, otherwise.TimeMS), Fuel: pick(l.Fuel, otherwise.Fuel),
		Output: pick(l.Output, otherwise.Output), Log: pick(l.Log, otherwise.Log)}
}
