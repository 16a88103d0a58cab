// Guest extism imports what Extism's PDKs import, without one of them, and does what its
// input's words say: also what no PDK does.
package main

import (
	"strconv"
	"strings"
)

//go:wasmimport extism:host/env input_length
func inputLength() uint64

//go:wasmimport extism:host/env input_offset
func inputOffset() uint64

//go:wasmimport extism:host/env input_load_u8
func inputByte(at uint64) uint32

//go:wasmimport extism:host/env input_load_u64
func inputWord(at uint64) uint64

//go:wasmimport extism:host/env alloc
func alloc(size uint64) uint64

//go:wasmimport extism:host/env free
func free(at uint64)

//go:wasmimport extism:host/env length
func length(at uint64) uint64

//go:wasmimport extism:host/env length_unsafe
func lengthUnsafe(at uint64) uint64

//go:wasmimport extism:host/env load_u8
func load(at uint64) uint32

//go:wasmimport extism:host/env load_u64
func loadWord(at uint64) uint64

//go:wasmimport extism:host/env store_u8
func store(at uint64, v uint32)

//go:wasmimport extism:host/env store_u64
func storeWord(at, v uint64)

//go:wasmimport extism:host/env output_set
func outputSet(at, size uint64)

//go:wasmimport extism:host/env error_set
func errorSet(at uint64)

//go:wasmimport extism:host/env config_get
func configGet(key uint64) uint64

//go:wasmimport extism:host/env var_get
func varGet(key uint64) uint64

//go:wasmimport extism:host/env var_set
func varSet(key, value uint64)

//go:wasmimport extism:host/env http_request
func httpRequest(request, body uint64) uint64

//go:wasmimport extism:host/env http_status_code
func httpStatus() int32

//go:wasmimport extism:host/env http_headers
func httpHeaders() uint64

//go:wasmimport extism:host/env get_log_level
func logLevel() int32

//go:wasmimport extism:host/env log_trace
func logTrace(text uint64)

//go:wasmimport extism:host/env log_warn
func logWarn(text uint64)

var (
	calls int
	sink  uint64
)

func main() {}

func put(s string) uint64 {
	at := alloc(uint64(len(s)))
	for i := range len(s) {
		store(at+uint64(i), uint32(s[i]))
	}
	return at
}

func text(at uint64) string {
	b := make([]byte, length(at))
	for i := range b {
		b[i] = byte(load(at + uint64(i)))
	}
	return string(b)
}

func input() string {
	b := make([]byte, inputLength())
	for i := range b {
		b[i] = byte(inputByte(uint64(i)))
	}
	return string(b)
}

func output(s string) int32 {
	outputSet(put(s), uint64(len(s)))
	return 0
}

//go:wasmexport tocsin_init
func initialize() int32 {
	config := input()
	switch {
	case strings.Contains(config, "vars"):
		varSet(put("n"), put("gone"))
	case strings.Contains(config, "wrong"):
		errorSet(put("name is wrong; write another"))
	case strings.Contains(config, "crash"):
		panic("it was asked to")
	case strings.Contains(config, "number"):
		return 7
	}
	return 0
}

//go:wasmexport deliver
func deliver() int32 {
	calls++
	words := strings.Fields(input())
	word := func(n int) string {
		if n < len(words) {
			return words[n]
		}
		return ""
	}
	number, _ := strconv.ParseUint(word(1), 10, 64)
	switch word(0) {
	case "count":
		return output(strconv.Itoa(calls))
	case "code":
		return int32(number)
	case "minus":
		return -int32(number)
	case "error":
		errorSet(put(strings.Join(words[2:], " ")))
		return int32(number)
	case "config":
		at := configGet(put(word(1)))
		return output(strconv.Quote(text(at)))
	case "vars":
		before := text(varGet(put("n")))
		varSet(put("n"), put(before+word(1)))
		return output(before + ">" + text(varGet(put("n"))))
	case "unset":
		varSet(put("n"), 0)
		return output(strconv.FormatUint(varGet(put("n")), 10))
	case "fill":
		varSet(put("n"), alloc(number))
	case "key":
		configGet(alloc(number))
	case "post":
		httpRequest(put(`{"url":"https://a.example"}`), alloc(number))
	case "http":
		body := httpRequest(put(word(1)), put(word(2)))
		return output(strconv.Itoa(int(httpStatus())) + " " + text(body) + " " + text(httpHeaders()))
	case "log":
		logTrace(put("t"))
		logWarn(put("w"))
		return logLevel()
	default:
		return misdeed(word(0), number)
	}
	return 0
}

// misdeed leaves as much behind as a plugin can, in its memory and in its heap.
func misdeed(do string, number uint64) int32 {
	switch do {
	case "panic":
		alloc(100)
		panic("it was asked to")
	case "loop":
		for {
			store(inputOffset(), load(inputOffset()+1))
		}
	case "alloc":
		at := alloc(number)
		storeWord(at, 7)
		storeWord(at+number-8, 7)
	case "bomb":
		for {
			store(alloc(1<<20), 1)
		}
	case "deep":
		return misdeed(do, number+1)
	case "handle":
		logWarn(number)
	case "scribble": // over the heads of all blocks
		for at := range uint64(200) {
			storeWord(at*8, ^uint64(0))
		}
		return output("x")
	case "outside":
		store(1<<40, 1)
		storeWord(^uint64(0), 1)
		sink = loadWord(1<<33) + uint64(load(^uint64(0))) + inputWord(^uint64(0)) + inputWord(1<<32) + uint64(inputByte(1<<20))
		outputSet(1<<31, ^uint64(0))
		outputSet(8, ^uint64(0))
		return output(strconv.FormatUint(sink+length(sink|12345)+lengthUnsafe(1<<50)+lengthUnsafe(8), 10))
	case "blocks":
		return blocks()
	}
	return 0
}

// blocks answers what is wrong with how blocks behave.
func blocks() int32 {
	a, b := put("first"), put("second!!")
	if length(a) != 5 || lengthUnsafe(b) != 8 || length(a+1) != 0 || alloc(0) != 0 || length(0) != 0 {
		return output("lengths")
	}
	free(a)
	if length(a) != 0 || text(b) != "second!!" {
		return output("after free")
	}
	free(a)
	free(b)
	if c := alloc(3); c != b || length(b) != 3 {
		return output("the last block is not taken again")
	}
	if text(inputOffset()) != input() || inputWord(0) != loadWord(inputOffset()) {
		return output("input")
	}
	free(inputOffset())
	if inputLength() != 0 {
		return output("input length")
	}
	outputSet(alloc(8)+2, 3) // of a block's middle
	storeWord(alloc(8), 0)
	return 0
}

//go:wasmexport second
func second() int32 { return output("second") }
