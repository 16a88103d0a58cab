package target

import "unsafe"

// The host functions. The linker drops those that are never called, so the module's
// import list says what the target does.

//go:wasmimport tocsin take
func wasmTake(p unsafe.Pointer, n uint32)

//go:wasmimport tocsin log
func wasmLog(level int32, p unsafe.Pointer, n uint32)

//go:wasmimport tocsin metric
func wasmMetric(p unsafe.Pointer, n uint32)

//go:wasmimport tocsin emit
func wasmEmit(p unsafe.Pointer, n uint32) int32

//go:wasmimport tocsin kv_get
func wasmKVGet(p unsafe.Pointer, n uint32) int32

//go:wasmimport tocsin kv_put
func wasmKVPut(p unsafe.Pointer, n uint32) int32

//go:wasmimport tocsin kv_delete
func wasmKVDelete(p unsafe.Pointer, n uint32) int32

//go:wasmimport tocsin kv_list
func wasmKVList(p unsafe.Pointer, n uint32) int32

//go:wasmimport tocsin kv_cas
func wasmKVCAS(p unsafe.Pointer, n uint32) int32

//go:wasmimport tocsin http
func wasmHTTP(p unsafe.Pointer, n uint32) int32

//go:wasmimport tocsin aws
func wasmAWS(p unsafe.Pointer, n uint32) int32

//go:wasmimport tocsin secret
func wasmSecret(p unsafe.Pointer, n uint32) int32

//go:wasmimport tocsin now
func wasmNow() int64

//go:wasmimport tocsin random
func wasmRandom(p unsafe.Pointer, n uint32)

func at(b []byte) (unsafe.Pointer, uint32) {
	return unsafe.Pointer(unsafe.SliceData(b)), uint32(len(b))
}

func hostTake(b []byte)             { p, n := at(b); wasmTake(p, n) }
func hostLog(level int32, b []byte) { p, n := at(b); wasmLog(level, p, n) }
func hostMetric(b []byte)           { p, n := at(b); wasmMetric(p, n) }
func hostEmit(b []byte) int32       { p, n := at(b); return wasmEmit(p, n) }
func hostKVGet(b []byte) int32      { p, n := at(b); return wasmKVGet(p, n) }
func hostKVPut(b []byte) int32      { p, n := at(b); return wasmKVPut(p, n) }
func hostKVDelete(b []byte) int32   { p, n := at(b); return wasmKVDelete(p, n) }
func hostKVList(b []byte) int32     { p, n := at(b); return wasmKVList(p, n) }
func hostKVCAS(b []byte) int32      { p, n := at(b); return wasmKVCAS(p, n) }
func hostHTTP(b []byte) int32       { p, n := at(b); return wasmHTTP(p, n) }
func hostAWS(b []byte) int32        { p, n := at(b); return wasmAWS(p, n) }
func hostSecret(b []byte) int32     { p, n := at(b); return wasmSecret(p, n) }
func hostRandom(b []byte)           { p, n := at(b); wasmRandom(p, n) }
func hostNow() int64                { return wasmNow() }

// in holds what the host writes before init or handle, out the last answer: both must
// stay reachable while the host uses them.
var in, out []byte

//go:wasmexport abi_v1
func exportMarker() {}

//go:wasmexport alloc
func exportAlloc(n uint32) unsafe.Pointer {
	if uint32(cap(in)) < n {
		in = make([]byte, n)
	}
	return unsafe.Pointer(unsafe.SliceData(in))
}

//go:wasmexport init
func exportInit(p unsafe.Pointer, n uint32) uint64 {
	config := append([]byte(nil), unsafe.Slice((*byte)(p), n)...)
	return give(runInit(config))
}

//go:wasmexport handle
func exportHandle(p unsafe.Pointer, n uint32) uint64 {
	return give(runHandle(unsafe.Slice((*byte)(p), n)))
}

func give(answer []byte) uint64 {
	out = answer
	return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(out))))<<32 | uint64(len(out))
}
