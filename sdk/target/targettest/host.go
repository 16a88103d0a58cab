package targettest

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// Call is for package target: every host function that takes JSON.
func (h *Host) Call(name string, request []byte) int32 {
	h.Calls = append(h.Calls, Call{name, string(request)})
	if errno := h.Refuse[name]; errno != 0 {
		return -int32(errno)
	}
	answer, errno := h.respond(name, request)
	if errno != 0 {
		return -int32(errno)
	}
	h.answer = answer
	return int32(len(answer))
}

func (h *Host) respond(name string, request []byte) ([]byte, abi.Errno) {
	switch name {
	case abi.HTTP:
		return h.http(request)
	case abi.AWS:
		return h.aws(request)
	case abi.Secret:
		var s abi.SecretRequest
		decode(h.t, request, &s)
		return []byte(abi.SecretHandle(s.Name)), 0
	case abi.KVGet, abi.KVPut, abi.KVDelete, abi.KVList, abi.KVCAS:
		var kv abi.KVRequest
		decode(h.t, request, &kv)
		return h.kv(name, kv)
	}
	return nil, 0
}

func (h *Host) http(request []byte) ([]byte, abi.Errno) {
	var r abi.HTTPRequest
	decode(h.t, request, &r)
	answer := abi.HTTPResponse{Status: 200}
	if h.HTTP != nil {
		answer = h.HTTP(r)
	}
	return h.encode(answer), 0
}

func (h *Host) aws(request []byte) ([]byte, abi.Errno) {
	var r abi.AWSRequest
	decode(h.t, request, &r)
	answer := abi.AWSResponse{Result: abi.RawJSON("{}")}
	if h.AWS != nil {
		answer = h.AWS(r)
	}
	return h.encode(answer), 0
}

func (h *Host) kv(name string, r abi.KVRequest) ([]byte, abi.Errno) {
	value, there := h.KV[r.Key]
	switch name {
	case abi.KVGet:
		if !there {
			return nil, abi.NotFound
		}
		return []byte(value), 0
	case abi.KVDelete:
		delete(h.KV, r.Key)
	case abi.KVList:
		keys := abi.KVKeys{Keys: []string{}}
		for key := range h.KV {
			if strings.HasPrefix(key, r.Prefix) {
				keys.Keys = append(keys.Keys, key)
			}
		}
		slices.Sort(keys.Keys)
		return h.encode(keys), 0
	case abi.KVCAS:
		if value != string(r.Old) {
			return nil, abi.Conflict
		}
		h.KV[r.Key] = string(r.Value)
	case abi.KVPut:
		h.KV[r.Key] = string(r.Value)
	}
	return nil, 0
}

func (h *Host) encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		h.t.Fatalf("the fake host's answer is no JSON: %v", err)
	}
	return b
}

// Take is for package target: the last answer.
func (h *Host) Take() []byte { return h.answer }

// Log is for package target.
func (h *Host) Log(_ int32, text []byte) { h.Logs = append(h.Logs, string(text)) }

// Now is for package target: Time in milliseconds.
func (h *Host) Now() int64 { return h.Time.UnixMilli() }

// Random is for package target: the same bytes in every test.
func (h *Host) Random(b []byte) { _, _ = h.random.Read(b) }
