// Command measured is the guest of the benchmarks: it adds up every byte of a batch, or
// decodes all of it with encoding/json, as its config says. It has no SDK, so that nothing
// else is measured.
package main

import (
	_ "embed"
	"encoding/json"
	"unsafe"
)

//go:embed event.json
var example string

var (
	room   []byte
	decode bool
	sum    uint32
	answer = []byte("{}")
)

func main() {}

//go:wasmexport abi_v1
func marker() {}

//go:wasmexport alloc
func alloc(size uint32) uint32 {
	if int(size) > len(room) {
		room = make([]byte, size+4096)
	}
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(room))))
}

// initialize takes {"decode":true}, and decodes something like what will come: the memory
// that deliveries begin with then has an allocator that has worked before.
//
//go:wasmexport init
func initialize(_, size uint32) uint64 {
	decode = size > 2
	alloc(32 << 10)
	if decode {
		work([]byte(`{"v":1,"target":"t","delivery":"d","deadline_ms":5000,"records":[{"id":"1","attempt":1,"rule":"r","event":` + example + `}]}`))
	}
	return 0
}

//go:wasmexport handle
func handle(_, size uint32) uint64 {
	work(room[:size])
	return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(answer))))<<32 | uint64(len(answer))
}

func work(batch []byte) {
	if decode {
		var b map[string]any
		if err := json.Unmarshal(batch, &b); err != nil {
			panic(err)
		}
		sum = uint32(len(b))
	} else {
		total := sum
		for _, c := range batch {
			total = total*31 + uint32(c)
		}
		sum = total
	}
}
