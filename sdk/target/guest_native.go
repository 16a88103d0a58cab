//go:build !wasip1

package target

import "github.com/tocsin-engine/tocsin/sdk/target/internal/native"

func init() { native.Init, native.Handle = runInit, runHandle }

func hostTake(b []byte)             { copy(b, native.Host.Take()) }
func hostLog(level int32, b []byte) { native.Host.Log(level, b) }
func hostMetric(b []byte)           { native.Host.Call("metric", b) }
func hostEmit(b []byte) int32       { return native.Host.Call("emit", b) }
func hostKVGet(b []byte) int32      { return native.Host.Call("kv_get", b) }
func hostKVPut(b []byte) int32      { return native.Host.Call("kv_put", b) }
func hostKVDelete(b []byte) int32   { return native.Host.Call("kv_delete", b) }
func hostKVList(b []byte) int32     { return native.Host.Call("kv_list", b) }
func hostKVCAS(b []byte) int32      { return native.Host.Call("kv_cas", b) }
func hostHTTP(b []byte) int32       { return native.Host.Call("http", b) }
func hostAWS(b []byte) int32        { return native.Host.Call("aws", b) }
func hostSecret(b []byte) int32     { return native.Host.Call("secret", b) }
func hostRandom(b []byte)           { native.Host.Random(b) }
func hostNow() int64                { return native.Host.Now() }
