package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"

	"github.com/tetratelabs/wazero/api"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// hostFunc is one function that guests may import.
type hostFunc struct {
	params, results []api.ValueType
	// grant is the key of abi.Grants that it needs; "" for those always there.
	grant string
	run   func(i *instance, stack []uint64)
	// free is for the function that fuel itself comes from.
	free bool
}

// hostCallUnits is the fuel that a host function costs, and argumentUnit how many bytes of
// its argument cost one unit more, as a power of two: about what they take against a loop's
// turn. A body of nothing but host calls would be one unit otherwise, whatever they do.
const (
	hostCallUnits = 64
	argumentUnit  = 6
)

// call finds the instance and runs the function.
func (f hostFunc) call(ctx context.Context, _ api.Module, stack []uint64) {
	i := instanceOf(ctx)
	if !f.free {
		i.charge(hostCallUnits)
	}
	f.run(i, stack)
}

var (
	pointer = []api.ValueType{i32, i32}
	number  = []api.ValueType{i32}
)

// capabilities are the functions of the import module "tocsin".
var capabilities = map[string]hostFunc{
	abi.Take:     {params: pointer, run: take},
	abi.Log:      {params: []api.ValueType{i32, i32, i32}, run: logLine},
	abi.Metric:   {params: pointer, run: metric},
	abi.Now:      {results: []api.ValueType{i64}, run: func(i *instance, s []uint64) { s[0] = uint64(i.clock) }},
	abi.Random:   {params: pointer, run: random},
	abi.Emit:     {params: pointer, results: number, grant: "emit", run: requests(abi.Emit, emit)},
	abi.KVGet:    {params: pointer, results: number, grant: "kv", run: requests(abi.KVGet, kv(abi.KVGet))},
	abi.KVPut:    {params: pointer, results: number, grant: "kv", run: requests(abi.KVPut, kv(abi.KVPut))},
	abi.KVDelete: {params: pointer, results: number, grant: "kv", run: requests(abi.KVDelete, kv(abi.KVDelete))},
	abi.KVList:   {params: pointer, results: number, grant: "kv", run: requests(abi.KVList, kv(abi.KVList))},
	abi.KVCAS:    {params: pointer, results: number, grant: "kv", run: requests(abi.KVCAS, kv(abi.KVCAS))},
	abi.HTTP:     {params: pointer, results: number, grant: "http", run: requests(abi.HTTP, http)},
	abi.AWS:      {params: pointer, results: number, grant: "aws", run: requests(abi.AWS, aws)},
	abi.Secret:   {params: pointer, results: number, grant: "secrets", run: requests(abi.Secret, secret)},
}

// bytesAt is a view of guest memory; a guest that points outside it traps.
func (i *instance) bytesAt(at, size uint64) []byte {
	i.charge(int64(uint32(size) >> argumentUnit))
	b, ok := i.module.Memory().Read(uint32(at), uint32(size))
	if !ok {
		panic(&stop{Trap, "it passed a pointer outside its memory to a host function"})
	}
	return b
}

func take(i *instance, s []uint64) { copy(i.bytesAt(s[0], s[1]), i.answer) }

func random(i *instance, s []uint64) {
	if !i.seeded {
		i.random.Seed(sha256.Sum256([]byte(i.seed)))
		i.seeded = true
	}
	_, _ = i.random.Read(i.bytesAt(s[0], s[1])) // never fails
}

// logs are the levels of the function log as a tape names them.
var logs = [...]string{abi.Debug: "log debug", abi.Info: "log info", abi.Warn: "log warn", abi.Error: "log error"}

func logLine(i *instance, s []uint64) {
	i.logText(abi.LogLevel(int32(s[0])), i.bytesAt(s[1], s[2]))
}

func (i *instance) logText(level abi.LogLevel, text []byte) {
	if left := i.target.limit.log - i.logged; int64(len(text)) > left {
		i.cut += len(text) - int(max(left, 0))
		text = text[:max(left, 0)]
	}
	i.logged += int64(len(text))
	if level < abi.Debug || level > abi.Error || len(text) == 0 {
		return
	}
	i.logs++
	i.tell(logs[level], text)
	if len(i.target.grants.Secrets) > 0 {
		text = []byte(i.target.withNames(string(text)))
	}
	i.target.host.Log(i.scope, level, text)
}

func metric(i *instance, s []uint64) {
	v := i.bytesAt(s[0], s[1])
	if event.Check(v) != nil {
		return
	}
	name, _ := event.Value(v).Get("name").Text()
	by, ok := event.Value(v).Get("value").Float()
	if ok && validCounter(name) {
		i.tell(abi.Metric, v)
		i.target.host.Count(i.scope, name, int64(by))
	}
}

func validCounter(name string) bool {
	for n, c := range []byte(name) {
		if !(c >= 'a' && c <= 'z' || n > 0 && (c == '_' || c >= '0' && c <= '9')) {
			return false
		}
	}
	return name != "" && len(name) <= 64
}

// maxKey bounds a key of a key-value space.
const maxKey = 512

// maxRequest bounds what a guest asks in one host call.
const maxRequest = 1 << 20

// requests makes a host function of one that takes JSON and gives an answer or an errno.
func requests(function string, f func(i *instance, request []byte) ([]byte, abi.Errno)) func(*instance, []uint64) {
	return func(i *instance, s []uint64) {
		request := i.bytesAt(s[0], s[1])
		i.answer = nil
		s[0] = api.EncodeI32(i.respond(function, f, request))
	}
}

func (i *instance) respond(function string, f func(*instance, []byte) ([]byte, abi.Errno), request []byte) int32 {
	switch {
	case len(request) > maxRequest:
		return -int32(abi.TooLarge)
	case event.Check(request) != nil:
		return -int32(abi.BadRequest)
	}
	// The guest's memory may move while the host works, and hosts keep what they get.
	answer, errno := i.ask(function, slices.Clone(request), f)
	if errno != 0 {
		return -int32(errno)
	}
	i.answer = answer
	return int32(len(answer))
}

// denied tells the machine around the sandbox, and the guest that it may not.
func (i *instance) denied(function, what string) ([]byte, abi.Errno) {
	i.target.host.Denied(i.scope, function, what)
	return nil, abi.Denied
}

func emit(i *instance, request []byte) ([]byte, abi.Errno) {
	source, ok := event.Value(request).Get("source").Text()
	if !ok {
		return nil, abi.BadRequest
	}
	if !allowsEmit(i.target.grants, source) {
		return i.denied(abi.Emit, source)
	}
	ctx, cancel := i.hostContext()
	defer cancel()
	return nil, i.target.host.Emit(ctx, i.scope, request)
}

func kv(function string) func(*instance, []byte) ([]byte, abi.Errno) {
	return func(i *instance, request []byte) ([]byte, abi.Errno) {
		var r abi.KVRequest
		if json.Unmarshal(request, &r) != nil || len(r.Key) > maxKey || r.Key == "" && function != abi.KVList || r.TTLMS < 0 {
			return nil, abi.BadRequest
		}
		if r.Value == nil && function == abi.KVPut {
			return nil, abi.BadRequest
		}
		if int64(len(r.Value)) > i.target.grants.KV {
			return nil, abi.TooLarge
		}
		ctx, cancel := i.hostContext()
		defer cancel()
		return i.target.host.KV(ctx, i.scope, function, r)
	}
}

func http(i *instance, request []byte) ([]byte, abi.Errno) {
	var r abi.HTTPRequest
	if json.Unmarshal(request, &r) != nil || r.URL == "" {
		return nil, abi.BadRequest
	}
	if errno := i.reveal(&r); errno != 0 {
		return nil, errno
	}
	ctx, cancel := i.hostContext()
	defer cancel()
	response, errno := i.target.host.HTTP(ctx, i.scope, r)
	return encoded(response, errno)
}

func aws(i *instance, request []byte) ([]byte, abi.Errno) {
	var r abi.AWSRequest
	if json.Unmarshal(request, &r) != nil || r.Service == "" || r.Action == "" {
		return nil, abi.BadRequest
	}
	if r.Params == nil {
		r.Params = abi.RawJSON("{}")
	}
	if event.Value(r.Params).Kind() != event.Object {
		return nil, abi.BadRequest
	}
	if !allowsAWS(i.target.grants, r) {
		return i.denied(abi.AWS, r.Service+"."+r.Action)
	}
	ctx, cancel := i.hostContext()
	defer cancel()
	response, errno := i.target.host.AWS(ctx, i.scope, r)
	return encoded(response, errno)
}

func encoded(response any, errno abi.Errno) ([]byte, abi.Errno) {
	if errno != 0 {
		return nil, errno
	}
	b, err := json.Marshal(response)
	if err != nil {
		return nil, abi.Unavailable // a service's answer that is no JSON
	}
	return b, 0
}

func secret(i *instance, request []byte) ([]byte, abi.Errno) {
	name, ok := event.Value(request).Get("name").Text()
	if !ok {
		return nil, abi.BadRequest
	}
	if !slices.Contains(i.target.grants.Secrets, name) {
		return i.denied(abi.Secret, name)
	}
	if _, ok := i.target.host.Secret(name); !ok {
		return nil, abi.NotFound
	}
	return []byte(i.target.module.host.handle(name)), 0
}
