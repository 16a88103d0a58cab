package quickjs

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"fmt"
	"slices"
	"text/template"

	"github.com/tocsin-engine/tocsin/runtime/sandbox/fuel"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/abi/wat"
)

//go:embed shim.wat.tmpl
var shimText string

var shimTemplate = template.Must(template.New("shim").Parse(shimText))

// request is a host function with a request and an answer, by the number that the SDK
// gives it (sdk/target/js/tocsin.js).
type request struct {
	Name   string
	Number int
	need   func(abi.Grants) bool
}

var requests = []request{
	{abi.Emit, 5, func(g abi.Grants) bool { return len(g.Emit) > 0 }},
	{abi.KVGet, 6, needsKV}, {abi.KVPut, 7, needsKV}, {abi.KVDelete, 8, needsKV}, {abi.KVList, 9, needsKV}, {abi.KVCAS, 10, needsKV},
	{abi.HTTP, 11, func(g abi.Grants) bool { return len(g.HTTP) > 0 }},
	{abi.AWS, 12, func(g abi.Grants) bool { return len(g.AWS) > 0 }},
	{abi.Secret, 13, func(g abi.Grants) bool { return len(g.Secrets) > 0 }},
}

func needsKV(g abi.Grants) bool { return g.KV > 0 }

// Scripts are what becomes part of the module.
type Scripts struct {
	// SDK is sdk/target/js/tocsin.js, Plugin the author's script and Name its file name.
	SDK, Plugin []byte
	Name        string
}

// layout says where the scripts and names lie: offsets in one block, and its address.
type layout struct {
	At, Size                                          int
	SDK, SDKSize, Plugin, PluginSize                  int
	SDKName, PluginName, HostName, BeginName, EndName int
	Requests                                          []request
	pages                                             int // more than QuickJS starts with
	block                                             []byte
}

const page = 64 << 10

// lay puts the scripts behind QuickJS's own memory of so many pages. The block is moved
// once to allocated memory below; the gap before it keeps the two apart, the one behind it
// is where the allocator may write an end mark.
func lay(s Scripts, pages int, needs abi.Grants) layout {
	var l layout
	put := func(b []byte) int {
		at := len(l.block)
		l.block = append(append(l.block, b...), 0)
		return at
	}
	l.SDK, l.SDKSize = put(s.SDK), len(s.SDK)
	l.Plugin, l.PluginSize = put(s.Plugin), len(s.Plugin)
	l.SDKName, l.PluginName = put([]byte("tocsin.js")), put([]byte(s.Name))
	l.HostName, l.BeginName, l.EndName = put([]byte("__host")), put([]byte("__begin")), put([]byte("__end"))
	l.Size = len(l.block)
	gap := (l.Size/page + 2) * page
	l.At = pages*page + gap
	l.pages = (gap+l.Size+4096)/page + 1
	for _, r := range requests {
		if r.need(needs) {
			l.Requests = append(l.Requests, r)
		}
	}
	return l
}

// Link makes the module. quickjs is the pinned quickjs.wasm.
func Link(quickjs []byte, s Scripts, needs abi.Grants) ([]byte, error) {
	base, err := split(quickjs)
	if err != nil {
		return nil, err
	}
	l := lay(s, base.minPages(), needs)
	var text bytes.Buffer
	if err := shimTemplate.Execute(&text, l); err != nil {
		return nil, fmt.Errorf("quickjs: %w", err)
	}
	assembled, err := wat.Assemble(text.String())
	if err != nil {
		return nil, fmt.Errorf("quickjs: the shim: %w", err)
	}
	shim, err := split(assembled)
	if err != nil {
		return nil, err
	}
	return link(base, shim, l)
}

// linker numbers the functions of both modules anew: first the imports that stay, then
// those of QuickJS, then those of the shim.
type linker struct {
	base, shim       *module
	imports          []entry
	baseMap, shimMap []uint32 // old index of a function -> new
	baseGlobals      uint32
}

func link(base, shim *module, l layout) ([]byte, error) {
	k := &linker{base: base, shim: shim, baseGlobals: uint32(len(base.globals))}
	if err := k.number(); err != nil {
		return nil, err
	}
	code, err := k.code()
	if err != nil {
		return nil, err
	}
	elements, err := k.elements()
	if err != nil {
		return nil, err
	}
	var types, imports, functions [][]byte
	types = append(slices.Clone(base.types), shim.types...)
	for _, e := range k.imports {
		imports = append(imports, e.bytes())
	}
	for _, t := range base.functions {
		functions = append(functions, number(t))
	}
	for _, t := range shim.functions {
		functions = append(functions, number(t+uint32(len(base.types))))
	}
	segment := append(append([]byte{0, 0x41}, signed(int64(l.At))...), 0x0b)
	segment = append(append(segment, number(uint32(len(l.block)))...), l.block...)
	out := slices.Clone(header)
	out = section(out, secType, vector(types))
	out = section(out, secImport, vector(imports))
	out = section(out, secFunction, vector(functions))
	out = section(out, secTable, base.raw[secTable])
	out = section(out, secMemory, append([]byte{1, 0}, number(uint32(base.minPages()+l.pages))...))
	out = section(out, secGlobal, vector(append(slices.Clone(base.globals), shim.globals...)))
	out = section(out, secExport, vector(k.exports()))
	out = section(out, secElement, elements)
	out = section(out, secCode, code)
	return section(out, secData, vector(append(slices.Clone(base.data), segment))), nil
}

// number decides every function's new index.
func (k *linker) number() error {
	place := func(m *module, offset uint32, keep func(entry) bool) {
		for _, e := range m.imports {
			if keep(e) {
				e.kind += offset
				k.imports = append(k.imports, e)
			}
		}
	}
	place(k.base, 0, func(e entry) bool { return e.module != "env" })
	place(k.shim, uint32(len(k.base.types)), func(e entry) bool { return e.module != "quickjs" })
	firstBase := uint32(len(k.imports))
	firstShim := firstBase + uint32(len(k.base.functions))
	defined := func(m *module, first, index uint32) uint32 { return first + index - uint32(len(m.imports)) }
	kept := func(e entry) uint32 {
		return uint32(slices.IndexFunc(k.imports, func(have entry) bool { return have.module == e.module && have.name == e.name }))
	}
	for _, e := range k.base.imports {
		at := kept(e)
		if e.module == "env" {
			index, ok := k.shim.exported[e.name]
			if !ok {
				return fmt.Errorf("quickjs: the shim has no %s", e.name)
			}
			at = defined(k.shim, firstShim, index)
		}
		k.baseMap = append(k.baseMap, at)
	}
	for i := range k.base.functions {
		k.baseMap = append(k.baseMap, firstBase+uint32(i))
	}
	for _, e := range k.shim.imports {
		at := kept(e)
		if e.module == "quickjs" {
			index, ok := k.base.exported[e.name]
			if !ok {
				return fmt.Errorf("quickjs: quickjs.wasm has no %s", e.name)
			}
			at = defined(k.base, firstBase, index)
		}
		k.shimMap = append(k.shimMap, at)
	}
	for i := range k.shim.functions {
		k.shimMap = append(k.shimMap, firstShim+uint32(i))
	}
	return nil
}

func (k *linker) code() ([]byte, error) {
	var bodies [][]byte
	add := func(m *module, functions []uint32, globals uint32) error {
		for _, body := range m.code {
			b, err := fuel.Renumber(body, func(i uint32) uint32 { return functions[min(int(i), len(functions)-1)] },
				func(i uint32) uint32 { return i + globals })
			if err != nil {
				return fmt.Errorf("quickjs: %w", err)
			}
			bodies = append(bodies, append(number(uint32(len(b))), b...))
		}
		return nil
	}
	if err := add(k.base, k.baseMap, 0); err != nil {
		return nil, err
	}
	if err := add(k.shim, k.shimMap, k.baseGlobals); err != nil {
		return nil, err
	}
	return vector(bodies), nil
}

// elements renumbers the one table segment that QuickJS has: its functions by index, at a
// constant place.
func (k *linker) elements() ([]byte, error) {
	r := &reader{b: k.base.raw[secElement]}
	if r.u32() != 1 || r.u32() != 0 {
		return nil, errShape
	}
	from := r.i
	for r.err == nil && r.byte() != 0x0b {
	}
	out := append([]byte{1, 0}, r.b[from:r.i]...)
	n := r.u32()
	out = append(out, number(n)...)
	for range n {
		index := r.u32()
		if r.err != nil || int(index) >= len(k.baseMap) {
			return nil, errShape
		}
		out = append(out, number(k.baseMap[index])...)
	}
	return out, r.err
}

// exports are the ABI's, and nothing of QuickJS but its memory.
func (k *linker) exports() [][]byte {
	list := [][]byte{append(name(abi.Memory), 2, 0)}
	for _, export := range []string{abi.Marker, abi.Initialize, abi.Init, abi.Alloc, abi.Handle} {
		list = append(list, append(append(name(export), 0), number(k.shimMap[k.shim.exported[export]])...))
	}
	return list
}

func number(v uint32) []byte { return binary.AppendUvarint(nil, uint64(v)) }

func name(s string) []byte { return append(number(uint32(len(s))), s...) }

func vector(items [][]byte) []byte {
	return append(number(uint32(len(items))), bytes.Join(items, nil)...)
}

func section(out []byte, id byte, body []byte) []byte {
	return append(append(append(out, id), number(uint32(len(body)))...), body...)
}

func signed(v int64) []byte {
	var b []byte
	for v > 63 {
		b = append(b, byte(v&0x7f)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}
