package machine

// Readings are the questions that collectors ask of a machine.
type Readings struct {
	// CPU gives the seconds each core has spent since the machine started, and their
	// sum under the name cpu-total.
	CPU func() ([]CPU, error)
	// Memory and Swap are in bytes.
	Memory func() (Memory, error)
	Swap   func() (Swap, error)
	// Disks are the mounted file systems.
	Disks func() ([]Disk, error)
	// Devices and Interfaces count since the machine started.
	Devices    func() ([]Device, error)
	Interfaces func() ([]Interface, error)
	// Connections counts the sockets by kind: "tcp_established", "udp_socket".
	Connections func() (map[string]int, error)
	// Processes are all that run; Process measures one of them.
	Processes func() ([]Process, error)
	Process   func(pid int32) (ProcessUsage, error)
}

// CPU is the time that one core, or all, spent in each state, in seconds. As in Linux,
// User holds Guest and Nice holds GuestNice.
type CPU struct {
	Name                                                  string
	User, System, Idle, Nice, IOWait, IRQ, SoftIRQ, Steal float64
	Guest, GuestNice                                      float64
}

// Memory is the main memory in bytes.
type Memory struct {
	Total, Available, Used, Free, Active, Inactive, Buffered, Cached, Shared uint64
}

// Swap is the swap space in bytes.
type Swap struct{ Total, Used, Free uint64 }

// Disk is a mounted file system; sizes in bytes.
type Disk struct {
	Device, FSType, Path                string
	Total, Used, Free                   uint64
	InodesTotal, InodesUsed, InodesFree uint64
}

// Device is a block device; times in milliseconds.
type Device struct {
	Name                                        string
	Reads, Writes, ReadBytes, WriteBytes        uint64
	ReadTime, WriteTime, IOTime, IOPSInProgress uint64
}

// Interface is a network interface.
type Interface struct {
	Name                                           string
	Loopback, Up                                   bool
	BytesSent, BytesRecv, PacketsSent, PacketsRecv uint64
	ErrIn, ErrOut, DropIn, DropOut                 uint64
}

// Process is what there is to know of each process.
type Process struct {
	PID int32
	// State is one of running, sleeping, blocked, zombies, stopped, idle, dead, paging.
	State   string
	Threads int
	// Name is the executable's, Command the whole command line.
	Name, Command string
}

// ProcessUsage is what one process uses.
type ProcessUsage struct {
	// CPUUser and CPUSystem are in seconds since it started.
	CPUUser, CPUSystem                           float64
	RSS, VMS, MemorySwap, Data, Stack, Locked    uint64
	ReadBytes, WriteBytes, ReadCount, WriteCount uint64
	FDs, Threads                                 int
	VoluntarySwitches, InvoluntarySwitches       int64
}
