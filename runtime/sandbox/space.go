package sandbox

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// Space is a target's key-value space in memory, without quota or expiry: for what stands
// around a plugin in its tests and tools.
type Space map[string]abi.RawJSON

// Do is the function kv_get, kv_put, … of the space.
func (s Space) Do(function string, r abi.KVRequest) ([]byte, abi.Errno) {
	value, there := s[r.Key]
	switch function {
	case abi.KVGet:
		if !there {
			return nil, abi.NotFound
		}
		return value, 0
	case abi.KVList:
		outside := func(key string) bool { return !strings.HasPrefix(key, r.Prefix) }
		b, err := json.Marshal(abi.KVKeys{Keys: slices.DeleteFunc(append([]string{}, slices.Sorted(maps.Keys(s))...), outside)})
		if err != nil {
			return nil, abi.BadRequest
		}
		return b, 0
	case abi.KVCAS:
		if string(value) != string(r.Old) {
			return nil, abi.Conflict
		}
	}
	if r.Value == nil {
		delete(s, r.Key)
	} else {
		s[r.Key] = r.Value
	}
	return nil, 0
}
