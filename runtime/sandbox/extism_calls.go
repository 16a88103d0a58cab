package sandbox

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/tetratelabs/wazero/api"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/extism"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// extismCalls are what the kernel passes on to the host.
var extismCalls = map[string]hostFunc{
	"config_get":       {params: long, results: long, run: configGet},
	"var_get":          {params: long, results: long, run: varGet},
	"var_set":          {params: []api.ValueType{i64, i64}, run: varSet},
	"http_request":     {params: []api.ValueType{i64, i64}, results: long, run: extismHTTP},
	"http_status_code": {results: number, run: func(i *instance, s []uint64) { s[0] = api.EncodeI32(int32(i.heap.status)) }},
	"http_headers":     {results: long, run: func(i *instance, s []uint64) { s[0] = i.block(i.heap.headers) }},
	"log":              {params: []api.ValueType{i32, i64}, run: extismLog},
}

var long = []api.ValueType{i64}

// blockAt is a view of a block; a plugin that names none traps.
func (i *instance) blockAt(handle uint64) []byte {
	b, ok := i.heap.Block(handle)
	if !ok {
		panic(&stop{Trap, fmt.Sprintf("it passed %d to a host function, which is no block of its heap", handle)})
	}
	i.charge(int64(len(b) >> argumentUnit))
	return b
}

// nameAt is the name of a setting or a var.
func (i *instance) nameAt(call string, handle uint64) string {
	b := i.blockAt(handle)
	if len(b) > maxKey {
		i.refuse(call, abi.TooLarge)
	}
	return string(b)
}

// block makes a block of b.
func (i *instance) block(b []byte) uint64 {
	handle, err := i.heap.Put(i, b)
	if err != nil {
		panic(err)
	}
	return handle
}

// refuse ends the delivery: a call that was refused for now is worth another attempt.
func (i *instance) refuse(call string, errno abi.Errno) {
	i.heap.refused = &abi.Failure{Error: call + ": " + errno.Error(), Retry: errno == abi.Busy || errno == abi.Unavailable || errno == abi.Timeout}
	panic(&stop{refusal, i.heap.refused.Error})
}

// request makes a call of our own ABI on the plugin's behalf.
func (i *instance) request(function string, f func(*instance, []byte) ([]byte, abi.Errno), request any) ([]byte, abi.Errno) {
	b, err := json.Marshal(request)
	if err != nil {
		return nil, abi.BadRequest
	}
	i.answer = nil
	if n := i.respond(function, f, b); n < 0 {
		return nil, abi.Errno(-n)
	}
	return i.answer, 0
}

// configGet finds a value of the target's config, or under the names that begin with
// tocsin. what else is known of the delivery.
func configGet(i *instance, s []uint64) {
	name := i.nameAt("config_get", s[0])
	s[0], i.heap.early = 0, i.heap.early || i.heap.record == nil
	if value, ok := i.heap.about(name); ok {
		s[0] = i.block(value)
	} else if value, ok := extism.Setting(i.target.config, name); ok {
		s[0] = i.block(value)
	}
}

// about is what the plugin may know of its delivery beyond its input.
func (b *beside) about(name string) ([]byte, bool) {
	if b.record == nil {
		return nil, false
	}
	switch name {
	case "tocsin.id":
		return []byte(b.record.ID), true
	case "tocsin.attempt":
		return strconv.AppendInt(nil, int64(b.record.Attempt), 10), true
	case "tocsin.rule":
		return []byte(b.record.Rule), true
	case "tocsin.event":
		return b.record.Event, true
	}
	return nil, false
}

// maxVars is what the vars of a delivery may take, as in Extism.
const maxVars = 1 << 20

// varGet finds a var: in the target's key-value space if it was granted one, otherwise
// among those of this delivery.
func varGet(i *instance, s []uint64) {
	name := i.nameAt("var_get", s[0])
	s[0] = 0
	if !i.target.keepsVars {
		s[0] = i.block(i.heap.vars[name])
		return
	}
	stored, errno := i.request(abi.KVGet, kv(abi.KVGet), abi.KVRequest{Key: name})
	switch errno {
	case 0:
		s[0] = i.block(extism.DecodeVar(stored))
	case abi.NotFound:
	default:
		i.refuse("var_get "+name, errno)
	}
}

// varSet sets a var, or removes it when the value's handle is 0.
func varSet(i *instance, s []uint64) {
	name, value := i.nameAt("var_set", s[0]), i.blockAt(s[1])
	if len(value) > maxVars {
		i.refuse("var_set "+name, abi.TooLarge)
	}
	if !i.target.keepsVars {
		i.heap.set(i, name, value, s[1] == 0)
		return
	}
	function, r := abi.KVPut, abi.KVRequest{Key: name, Value: extism.EncodeVar(value)}
	if s[1] == 0 {
		function, r.Value = abi.KVDelete, nil
	}
	if _, errno := i.request(function, kv(function), r); errno != 0 && errno != abi.NotFound {
		i.refuse("var_set "+name, errno)
	}
}

func (b *beside) set(i *instance, name string, value []byte, remove bool) {
	if old, ok := b.vars[name]; ok {
		b.kept -= len(name) + len(old)
		delete(b.vars, name)
	}
	if remove {
		return
	}
	if b.kept += len(name) + len(value); b.kept > maxVars {
		i.refuse("var_set "+name, abi.TooLarge)
	}
	if b.vars == nil {
		b.vars = map[string][]byte{}
	}
	b.vars[name] = append([]byte(nil), value...)
}

// extismHTTP sends a request as our own http does and makes a block of the answer's body.
func extismHTTP(i *instance, s []uint64) {
	meta, sent := i.blockAt(s[0]), i.blockAt(s[1])
	if len(meta)+len(sent) > maxRequest {
		i.refuse("http_request", abi.TooLarge)
	}
	r, err := extism.ParseRequest(meta, sent)
	if err != nil {
		i.refuse("http_request: "+err.Error(), abi.BadRequest)
	}
	call := "http_request " + r.Method + " " + r.URL
	answer, errno := i.request(abi.HTTP, http, r)
	if errno != 0 {
		i.refuse(call, errno)
	}
	var response abi.HTTPResponse
	err = json.Unmarshal(answer, &response)
	var body, headers []byte
	if err == nil {
		body, err = extism.Body(response)
	}
	if err == nil {
		headers, err = json.Marshal(response.Headers)
	}
	if err != nil {
		i.refuse(call, abi.Unavailable)
	}
	if response.Headers == nil {
		headers = nil
	}
	i.heap.status, i.heap.headers = response.Status, headers
	s[0] = i.block(body)
}

// extismLog logs a line; a trace is a line for debugging too.
func extismLog(i *instance, s []uint64) {
	i.logText(max(abi.LogLevel(int32(s[0])), abi.Debug), i.blockAt(s[1]))
}
