package target

import (
	"errors"
	"time"

	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Get reads a value from the target's own key-value space; nil where there is none.
func Get(key string) (event.Value, error) {
	v, err := answer("kv_get "+key, hostKVGet(NewObject().Text("key", key).JSON()))
	if is(err, abi.NotFound) {
		return nil, nil
	}
	return v, err
}

// Put stores a JSON value; after ttl it is gone. A ttl of 0 keeps it.
func Put(key string, value event.Value, ttl time.Duration) error {
	o := NewObject().Text("key", key).Value("value", value)
	return done("kv_put "+key, hostKVPut(withTTL(o, ttl).JSON()))
}

// Delete removes a value; one that is not there is no error.
func Delete(key string) error {
	return done("kv_delete "+key, hostKVDelete(NewObject().Text("key", key).JSON()))
}

// List returns the keys that begin with prefix, in order.
func List(prefix string) ([]string, error) {
	v, err := answer("kv_list "+prefix, hostKVList(NewObject().Text("prefix", prefix).JSON()))
	var keys []string
	for k := range v.Get("keys").Items() {
		s, _ := k.Text()
		keys = append(keys, s)
	}
	return keys, err
}

// Swap stores value if what is stored now is old (byte for byte; nil means nothing is
// stored), and says whether it did.
func Swap(key string, old, value event.Value, ttl time.Duration) (bool, error) {
	o := NewObject().Text("key", key).Value("old", old).Value("value", value)
	err := done("kv_cas "+key, hostKVCAS(withTTL(o, ttl).JSON()))
	if is(err, abi.Conflict) {
		return false, nil
	}
	return err == nil, err
}

func withTTL(o *Object, ttl time.Duration) *Object {
	if ttl > 0 {
		o.Int("ttl_ms", ttl.Milliseconds())
	}
	return o
}

func done(call string, n int32) error {
	if n < 0 {
		return &HostError{call, abi.Errno(-n)}
	}
	return nil
}

func is(err error, errno abi.Errno) bool {
	var h *HostError
	return errors.As(err, &h) && h.Errno == errno
}
