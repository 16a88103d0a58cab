package pluginkit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/pack"
)

// PackOptions say what goes into a pack.
type PackOptions struct {
	// Out is the file to write. Default: NAME.pack beside the manifest.
	Out string
	// Platforms are those to compile for. Default: this one.
	Platforms []string
	// Programs are tocsin programs for other platforms. One that is not named is looked for
	// beside the running program, as tocsin-linux-arm64.
	Programs []string
}

// Packed is a pack that was written.
type Packed struct {
	Path   string `json:"path,omitempty"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
	// Platforms are those that it has code for, with the code's size.
	Platforms map[string]int64 `json:"platforms"`
	// Without says for which platforms it has none, and why.
	Without map[string]string `json:"without,omitempty"`
}

// Pack writes a plugin that was built as one file that loads without compiling. Equal
// plugins give equal bytes.
func Pack(ctx context.Context, h *sandbox.Host, s Source, o PackOptions) (Packed, error) {
	if s.Pack != nil || s.ManifestPath == "" {
		return Packed{}, errors.New("what is packed is a plugin's folder, with its plugin.yaml")
	}
	contents, without, err := s.Contents(ctx, h, o)
	if err != nil {
		return Packed{}, err
	}
	packed, text, err := WritePack(ctx, h, contents, nil)
	if err != nil {
		return Packed{}, err
	}
	packed.Path, packed.Without = o.Out, without
	if packed.Path == "" {
		packed.Path = filepath.Join(filepath.Dir(s.ManifestPath), s.Manifest.Name+pack.Ext)
	}
	return packed, os.WriteFile(packed.Path, text, 0o644)
}

// Contents compiles the plugin: what a pack of it holds. without says for which platforms
// there is no code, and why.
func (s Source) Contents(ctx context.Context, h *sandbox.Host, o PackOptions) (c *pack.Contents, without map[string]string, err error) {
	if !s.Pinned() {
		return nil, nil, fmt.Errorf("%s names another digest: tocsin plugin build writes it", s.ManifestPath)
	}
	wasm, err := s.Module()
	if err != nil {
		return nil, nil, err
	}
	text, err := s.manifestText()
	if err != nil {
		return nil, nil, err
	}
	if c, err = h.Pack(ctx, wasm, text, s.Manifest.Limits); err != nil {
		return nil, nil, fmt.Errorf("plugin %s: %w", s.Name(), err)
	}
	without = map[string]string{}
	for _, platform := range o.Platforms {
		if platform == pack.Here() {
			continue
		}
		code, err := elsewhere(ctx, platform, o.Programs, wasm)
		if err != nil {
			without[platform] = err.Error()
			continue
		}
		c.Codes = append(c.Codes, code)
	}
	if len(o.Platforms) > 0 && !slices.Contains(o.Platforms, pack.Here()) {
		c.Codes = slices.DeleteFunc(c.Codes, func(c pack.Code) bool { return c.Platform == pack.Here() })
	}
	return c, without, nil
}

// manifestText is the text of the plugin.yaml; a plugin without one has the same as JSON.
func (s Source) manifestText() ([]byte, error) {
	if s.ManifestPath != "" {
		return os.ReadFile(s.ManifestPath)
	}
	return json.MarshalIndent(s.Manifest, "", "  ")
}

// WritePack writes a pack, and loads it before anybody gets it. beside opens the packs by
// which its code is told.
func WritePack(ctx context.Context, h *sandbox.Host, c *pack.Contents, beside func(name string) (*pack.Pack, error)) (Packed, []byte, error) {
	var b bytes.Buffer
	digest, err := c.Write(&b)
	if err != nil {
		return Packed{}, nil, err
	}
	written, err := pack.Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		return Packed{}, nil, fmt.Errorf("what was written cannot be read: %w", err)
	}
	defer written.Close()
	written.Beside(beside)
	p := Packed{SHA256: digest, Size: int64(b.Len()), Platforms: written.Platforms()}
	if _, here := p.Platforms[pack.Here()]; !here && c.Module == nil {
		return p, b.Bytes(), nil // nothing of it can be loaded here
	}
	m, err := h.LoadPack(ctx, written, "pack", digest)
	if err != nil {
		return p, nil, fmt.Errorf("what was written cannot be loaded: %w", err)
	}
	code := m.Info().Code
	if err := m.Close(ctx); err != nil {
		return p, nil, err
	}
	if _, here := p.Platforms[pack.Here()]; here && code != "packed" {
		return p, nil, fmt.Errorf("what was written cannot be loaded: %s", code)
	}
	return p, b.Bytes(), nil
}
