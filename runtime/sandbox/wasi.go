package sandbox

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/tetratelabs/wazero/api"
)

// wasiModule is preview 1 of WASI. Language runtimes import it to start; a guest gets a
// clock, randomness and a standard error of its delivery, and an empty world for the rest.
const wasiModule = "wasi_snapshot_preview1"

// The errnos of preview 1 that are used here.
const (
	wasiOK    = 0
	wasiBadF  = 8
	wasiInval = 28
	wasiNoSys = 52
)

// wasi are the functions of preview 1. Those that are only named answer wasiNoSys, or
// wasiBadF where they are about a file: no file is ever open.
var wasi = map[string]hostFunc{
	"args_get":          errnoFunc(2, zero(0)),
	"args_sizes_get":    errnoFunc(2, zero(2)),
	"environ_get":       errnoFunc(2, zero(0)),
	"environ_sizes_get": errnoFunc(2, zero(2)),
	"random_get":        errnoFunc(2, func(i *instance, s []uint64) uint64 { random(i, s); return wasiOK }),
	"fd_write":          errnoFunc(4, fdWrite),
	"fd_close":          errnoFunc(1, nil),
	"fd_fdstat_get":     errnoFunc(2, fdStat),
	"fd_prestat_get":    errnoFunc(2, nil),
	"poll_oneoff":       errnoFunc(4, poll),
	"sched_yield":       errnoFunc(0, zero(0)),
	"clock_res_get":     errnoFunc(2, func(i *instance, s []uint64) uint64 { return i.put64(s[1], 1_000_000) }),
	"clock_time_get": {params: []api.ValueType{i32, i64, i32}, results: number, run: func(i *instance, s []uint64) {
		s[0] = i.put64(s[2], uint64(i.nanotime()))
	}},
	"proc_exit": {params: number, run: func(i *instance, s []uint64) {
		i.exit = int32(s[0])
		panic(&stop{Exit, fmt.Sprintf("it exited with code %d", int32(s[0]))})
	}},

	"fd_advise":               errnoOf(wasiBadF, i32, i64, i64, i32),
	"fd_allocate":             errnoOf(wasiBadF, i32, i64, i64),
	"fd_datasync":             errnoOf(wasiBadF, i32),
	"fd_fdstat_set_flags":     errnoOf(wasiOK, i32, i32),
	"fd_fdstat_set_rights":    errnoOf(wasiBadF, i32, i64, i64),
	"fd_filestat_get":         errnoOf(wasiBadF, i32, i32),
	"fd_filestat_set_size":    errnoOf(wasiBadF, i32, i64),
	"fd_filestat_set_times":   errnoOf(wasiBadF, i32, i64, i64, i32),
	"fd_pread":                errnoOf(wasiBadF, i32, i32, i32, i64, i32),
	"fd_prestat_dir_name":     errnoOf(wasiBadF, i32, i32, i32),
	"fd_pwrite":               errnoOf(wasiBadF, i32, i32, i32, i64, i32),
	"fd_read":                 errnoFunc(4, fdRead),
	"fd_readdir":              errnoOf(wasiBadF, i32, i32, i32, i64, i32),
	"fd_renumber":             errnoOf(wasiBadF, i32, i32),
	"fd_seek":                 errnoOf(wasiBadF, i32, i64, i32, i32),
	"fd_sync":                 errnoOf(wasiBadF, i32),
	"fd_tell":                 errnoOf(wasiBadF, i32, i32),
	"path_create_directory":   errnoOf(wasiBadF, i32, i32, i32),
	"path_filestat_get":       errnoOf(wasiBadF, i32, i32, i32, i32, i32),
	"path_filestat_set_times": errnoOf(wasiBadF, i32, i32, i32, i32, i64, i64, i32),
	"path_link":               errnoOf(wasiBadF, i32, i32, i32, i32, i32, i32, i32),
	"path_open":               errnoOf(wasiBadF, i32, i32, i32, i32, i32, i64, i64, i32, i32),
	"path_readlink":           errnoOf(wasiBadF, i32, i32, i32, i32, i32, i32),
	"path_remove_directory":   errnoOf(wasiBadF, i32, i32, i32),
	"path_rename":             errnoOf(wasiBadF, i32, i32, i32, i32, i32, i32),
	"path_symlink":            errnoOf(wasiBadF, i32, i32, i32, i32, i32),
	"path_unlink_file":        errnoOf(wasiBadF, i32, i32, i32),
	"proc_raise":              errnoOf(wasiNoSys, i32),
	"sock_accept":             errnoOf(wasiNoSys, i32, i32, i32),
	"sock_recv":               errnoOf(wasiNoSys, i32, i32, i32, i32, i32, i32),
	"sock_send":               errnoOf(wasiNoSys, i32, i32, i32, i32, i32),
	"sock_shutdown":           errnoOf(wasiNoSys, i32, i32),
}

// errnoFunc is a function of n i32 parameters; nil is the answer that no file is open.
func errnoFunc(n int, f func(i *instance, s []uint64) uint64) hostFunc {
	if f == nil {
		f = func(*instance, []uint64) uint64 { return wasiBadF }
	}
	return hostFunc{params: slices.Repeat(number, n), results: number, run: func(i *instance, s []uint64) { s[0] = f(i, s) }}
}

func errnoOf(errno uint64, params ...api.ValueType) hostFunc {
	return hostFunc{params: params, results: number, run: func(_ *instance, s []uint64) { s[0] = errno }}
}

// zero stores 0 at the first n pointers: no arguments, no environment.
func zero(n int) func(*instance, []uint64) uint64 {
	return func(i *instance, s []uint64) uint64 {
		for _, at := range s[:n] {
			binary.LittleEndian.PutUint32(i.bytesAt(at, 4), 0)
		}
		return wasiOK
	}
}

func (i *instance) put64(at, v uint64) uint64 {
	binary.LittleEndian.PutUint64(i.bytesAt(at, 8), v)
	return wasiOK
}

// nanotime is the guest's clock: the delivery's start, moved only by the guest's own
// sleeping.
func (i *instance) nanotime() int64 { return i.clock*1_000_000 + i.slept }

// fdWrite takes what goes to standard output and error into the error report.
func fdWrite(i *instance, s []uint64) uint64 {
	fd := uint32(s[0])
	if fd != 1 && fd != 2 {
		return wasiBadF
	}
	if uint32(s[2]) > 1024 { // IOV_MAX
		return wasiInval
	}
	vectors := i.bytesAt(s[1], uint64(uint32(s[2]))*8)
	total := uint32(0)
	for ; len(vectors) >= 8; vectors = vectors[8:] {
		at, size := binary.LittleEndian.Uint32(vectors), binary.LittleEndian.Uint32(vectors[4:])
		if b := i.bytesAt(uint64(at), uint64(size)); fd == 1 && i.target.module.command {
			i.stdout = append(i.stdout, b...)
			i.logStdout(false)
		} else {
			i.stderr.write(b)
		}
		total += size
	}
	binary.LittleEndian.PutUint32(i.bytesAt(s[3], 4), total)
	return wasiOK
}

// fdStat says that 0, 1 and 2 are character devices, as a terminal is.
func fdStat(i *instance, s []uint64) uint64 {
	if uint32(s[0]) > 2 {
		return wasiBadF
	}
	b := i.bytesAt(s[1], 24)
	clear(b)
	b[0] = 2
	binary.LittleEndian.PutUint64(b[8:], 1<<6|1<<1) // fd_write, fd_read
	return wasiOK
}

// poll serves sleeping: the guest's clock jumps to the first subscribed time. Nothing
// else can ever happen to a guest.
func poll(i *instance, s []uint64) uint64 {
	n := uint64(uint32(s[2]))
	if n == 0 || n > 64 {
		return wasiInval
	}
	subscriptions := i.bytesAt(s[0], n*48)
	first, wake := -1, int64(0)
	for k := range int(n) {
		sub := subscriptions[k*48:]
		if sub[8] != 0 { // a file; nothing ever comes
			continue
		}
		at := int64(binary.LittleEndian.Uint64(sub[24:]))
		if sub[40]&1 == 0 { // relative
			at += i.nanotime()
		}
		if first < 0 || at < wake {
			first, wake = k, at
		}
	}
	if first < 0 {
		return wasiInval
	}
	i.slept = max(wake-i.clock*1_000_000, i.slept)
	out := i.bytesAt(s[1], 32)
	clear(out)
	copy(out, subscriptions[first*48:first*48+8]) // the caller's own mark
	binary.LittleEndian.PutUint32(i.bytesAt(s[3], 4), 1)
	return wasiOK
}
