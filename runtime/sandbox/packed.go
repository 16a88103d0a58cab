package sandbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/pack"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// LoadPack loads a packed plugin without compiling it. Its compiled code runs outside of
// the sandbox's walls, so it is used only when the caller knows the pack: trusted is its
// digest. "" compiles the module instead, as does code that does not fit this machine or
// this version; Info.Code says which it was. A pack of another digest, or a damaged one,
// is an error.
func (h *Host) LoadPack(ctx context.Context, p *pack.Pack, name, trusted string) (*Module, error) {
	if trusted != "" && trusted != p.Digest() {
		return nil, fmt.Errorf("plugin %s: the pack's digest is %s, not %s", name, p.Digest(), trusted)
	}
	m, why := h.loadCode(ctx, p, name, trusted)
	if why == nil {
		return m, nil
	}
	if errors.Is(why, pack.ErrDamaged) {
		return nil, fmt.Errorf("plugin %s: %w", name, why)
	}
	wasm, err := p.Module()
	if err != nil {
		return nil, fmt.Errorf("plugin %s: %w: %w", name, why, err)
	}
	if m, err = h.Compile(ctx, wasm, name); err != nil {
		return nil, err
	}
	m.info.Code = "compiled: " + why.Error()
	h.log.Warn("a packed plugin is compiled", "plugin", name, "reason", why)
	return m, nil
}

var errUntrusted = errors.New("the pack's code is only used where its digest is named")

func (h *Host) loadCode(ctx context.Context, p *pack.Pack, name, trusted string) (*Module, error) {
	if trusted == "" {
		return nil, errUntrusted
	}
	mf, err := p.Manifest()
	if err != nil {
		return nil, err
	}
	skeleton, err := p.Skeleton()
	if err != nil {
		return nil, err
	}
	code, err := p.Code(pack.Here())
	if errors.Is(err, pack.ErrNoCode) {
		return nil, fmt.Errorf("the pack has no code for %s", pack.Here())
	}
	if err != nil {
		return nil, err
	}
	m := &Module{host: h, name: name, globals: len(p.Globals()), impure: p.Fresh(), info: Info{Name: name, ABI: abi.V1, SHA256: mf.Module.SHA256, Size: int(p.ModuleSize()), Code: "packed"}}
	if m.runtime, m.compiled, err = h.shelved(ctx, skeleton, code); err != nil {
		if errors.Is(err, errOtherVersion) {
			err = fmt.Errorf("%w (wazero %s)", errOtherVersion, code.Compiler)
		}
		return nil, err
	}
	if err := errors.Join(m.read(ctx), m.thaw(p)); err != nil {
		return nil, errors.Join(err, m.Close(ctx))
	}
	m.info.Isolation = m.isolation()
	return m, nil
}

// shelved loads code for a skeleton.
func (h *Host) shelved(ctx context.Context, skeleton []byte, code *pack.CodeReader) (wazero.Runtime, wazero.CompiledModule, error) {
	r, err := h.packed()
	if err != nil {
		return nil, nil, err
	}
	h.shelf.mu.Lock()
	defer h.shelf.mu.Unlock()
	h.shelf.key, h.shelf.code = code.Key, code
	compiled, err := r.CompileModule(ctx, skeleton)
	if damaged := code.Verify(); damaged != nil && err != nil {
		return nil, nil, damaged
	} else if damaged != nil {
		return nil, nil, errors.Join(damaged, compiled.Close(ctx))
	}
	return r, compiled, err
}

// thaw makes the image that instances begin with, of the pack's memory.
func (m *Module) thaw(p *pack.Pack) (err error) {
	size := p.MemorySize()
	if size == 0 {
		return nil
	}
	least := int64(m.compiled.ExportedMemories()[abi.Memory].Min()) * pageSize
	if size%pageSize != 0 || size < least {
		return fmt.Errorf("%w: its memory has %d bytes", pack.ErrDamaged, size)
	}
	m.info.MinMemory += size - least
	m.thawed = &frozen{globals: p.Globals()}
	m.thawed.image, err = newImage(int(size), p.ReadMemory)
	return err
}
