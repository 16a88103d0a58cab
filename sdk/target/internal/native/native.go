// Package native connects package target with the fake host of package targettest when
// both are built for a platform that is not WebAssembly.
package native

// Fake is the host side of ABI v1 as plain Go.
type Fake interface {
	// Call is every host function that takes JSON: a length for Take, or an Errno negated.
	Call(name string, request []byte) int32
	Take() []byte
	Log(level int32, text []byte)
	Now() int64
	Random(b []byte)
}

// Host is the fake in use; targettest.New sets it.
var Host Fake = none{}

// Init is the guest's export; package target sets it.
var Init func([]byte) []byte

// Handle is the guest's export; package target sets it.
var Handle func([]byte) []byte

type none struct{}

const hint = "target: outside WebAssembly the host is targettest.New(t, config); call it first"

func (none) Call(string, []byte) int32 { panic(hint) }
func (none) Take() []byte              { panic(hint) }
func (none) Log(int32, []byte)         { panic(hint) }
func (none) Now() int64                { panic(hint) }
func (none) Random([]byte)             { panic(hint) }
