package machine

import (
	"errors"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/mem"
	psnet "github.com/shirou/gopsutil/v4/net"
	"github.com/shirou/gopsutil/v4/process"
)

// Local are the readings of this machine.
func Local() Readings {
	return Readings{
		CPU: localCPU, Memory: localMemory, Swap: localSwap, Disks: localDisks, Devices: localDevices,
		Interfaces: localInterfaces, Connections: localConnections, Processes: localProcesses, Process: localProcess,
	}
}

func localCPU() ([]CPU, error) {
	cores, err := cpu.Times(true)
	if err != nil {
		return nil, err
	}
	total, err := cpu.Times(false)
	var all []CPU
	for _, t := range slices.Concat(cores, total) {
		all = append(all, CPU{
			Name: t.CPU, User: t.User, System: t.System, Idle: t.Idle, Nice: t.Nice, IOWait: t.Iowait, IRQ: t.Irq,
			SoftIRQ: t.Softirq, Steal: t.Steal, Guest: t.Guest, GuestNice: t.GuestNice,
		})
	}
	return all, err
}

func localMemory() (Memory, error) {
	m, err := mem.VirtualMemory()
	if err != nil {
		return Memory{}, err
	}
	return Memory{
		Total: m.Total, Available: m.Available, Used: m.Used, Free: m.Free, Active: m.Active, Inactive: m.Inactive,
		Buffered: m.Buffers, Cached: m.Cached, Shared: m.Shared,
	}, nil
}

func localSwap() (Swap, error) {
	s, err := mem.SwapMemory()
	if err != nil {
		return Swap{}, err
	}
	return Swap{Total: s.Total, Used: s.Used, Free: s.Free}, nil
}

// localDisks passes over file systems without a size: they hold no files.
func localDisks() ([]Disk, error) {
	mounts, err := disk.Partitions(true)
	var all []Disk
	seen := map[string]bool{}
	for _, m := range mounts {
		if seen[m.Mountpoint] {
			continue
		}
		seen[m.Mountpoint] = true
		u, e := disk.Usage(m.Mountpoint)
		if e != nil || u.Total == 0 {
			continue
		}
		all = append(all, Disk{
			Device: strings.TrimPrefix(m.Device, "/dev/"), FSType: m.Fstype, Path: m.Mountpoint,
			Total: u.Total, Used: u.Used, Free: u.Free,
			InodesTotal: u.InodesTotal, InodesUsed: u.InodesUsed, InodesFree: u.InodesFree,
		})
	}
	return all, err
}

func localDevices() ([]Device, error) {
	counters, err := disk.IOCounters()
	var all []Device
	for _, name := range slices.Sorted(maps.Keys(counters)) {
		c := counters[name]
		all = append(all, Device{
			Name: name, Reads: c.ReadCount, Writes: c.WriteCount, ReadBytes: c.ReadBytes, WriteBytes: c.WriteBytes,
			ReadTime: c.ReadTime, WriteTime: c.WriteTime, IOTime: c.IoTime, IOPSInProgress: c.IopsInProgress,
		})
	}
	return all, err
}

func localInterfaces() ([]Interface, error) {
	counters, err := psnet.IOCounters(true)
	if err != nil {
		return nil, err
	}
	cards, err := net.Interfaces()
	flags := map[string]net.Flags{}
	for _, c := range cards {
		flags[c.Name] = c.Flags
	}
	var all []Interface
	for _, c := range counters {
		f := flags[c.Name]
		all = append(all, Interface{
			Name: c.Name, Loopback: f&net.FlagLoopback != 0, Up: f&net.FlagUp != 0,
			BytesSent: c.BytesSent, BytesRecv: c.BytesRecv, PacketsSent: c.PacketsSent, PacketsRecv: c.PacketsRecv,
			ErrIn: c.Errin, ErrOut: c.Errout, DropIn: c.Dropin, DropOut: c.Dropout,
		})
	}
	return all, err
}

func localConnections() (map[string]int, error) {
	// Whose socket it is needs a walk through every process; nobody asks.
	all, err := psnet.ConnectionsWithoutUids("inet")
	counts := map[string]int{}
	for _, c := range all {
		if c.Type == 2 { // SOCK_DGRAM on every system
			counts["udp_socket"]++
			continue
		}
		counts["tcp_"+connectionStates[c.Status]]++
	}
	return counts, err
}

// connectionStates are the agent's words for gopsutil's.
var connectionStates = map[string]string{
	"ESTABLISHED": "established", "SYN_SENT": "syn_sent", "SYN_RECV": "syn_recv", "FIN_WAIT1": "fin_wait1",
	"FIN_WAIT2": "fin_wait2", "TIME_WAIT": "time_wait", "CLOSE": "close", "CLOSE_WAIT": "close_wait",
	"LAST_ACK": "last_ack", "LISTEN": "listen", "CLOSING": "closing", "NONE": "none",
}

// processStates are the agent's words for gopsutil's; others are counted as dead.
var processStates = map[string]string{
	process.Running: "running", process.Sleep: "sleeping", process.Blocked: "blocked", process.Zombie: "zombies",
	process.Stop: "stopped", process.Idle: "idle", process.Wait: "paging",
}

func localProcesses() ([]Process, error) {
	list, err := process.Processes()
	var all []Process
	for _, p := range list {
		states, e := p.Status()
		if e != nil || len(states) == 0 { // it has ended
			continue
		}
		one := Process{PID: p.Pid, State: processStates[states[0]]}
		if one.State == "" {
			one.State = "dead"
		}
		threads, _ := p.NumThreads() // 0 where it may not be asked
		one.Threads = int(threads)
		one.Name, _ = p.Name()
		one.Command, _ = p.Cmdline()
		all = append(all, one)
	}
	return all, err
}

// localProcess measures one process. What belongs to other users and may not be read
// stays 0; a process that has ended is an error.
func localProcess(pid int32) (ProcessUsage, error) {
	p, err := process.NewProcess(pid)
	if err != nil {
		return ProcessUsage{}, err
	}
	times, err := p.Times()
	memory, err2 := p.MemoryInfo()
	if err := errors.Join(err, err2); err != nil {
		return ProcessUsage{}, err
	}
	u := ProcessUsage{
		CPUUser: times.User, CPUSystem: times.System, RSS: memory.RSS, VMS: memory.VMS, MemorySwap: memory.Swap,
		Data: memory.Data, Stack: memory.Stack, Locked: memory.Locked,
	}
	if io, err := p.IOCounters(); err == nil {
		u.ReadBytes, u.WriteBytes, u.ReadCount, u.WriteCount = io.ReadBytes, io.WriteBytes, io.ReadCount, io.WriteCount
	}
	if n, err := p.NumFDs(); err == nil {
		u.FDs = int(n)
	}
	if n, err := p.NumThreads(); err == nil {
		u.Threads = int(n)
	}
	if s, err := p.NumCtxSwitches(); err == nil {
		u.VoluntarySwitches, u.InvoluntarySwitches = s.Voluntary, s.Involuntary
	}
	return u, nil
}
