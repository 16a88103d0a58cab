package pluginkit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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
	packed, text, err := s.Packed(ctx, h, o)
	if err != nil {
		return Packed{}, err
	}
	packed.Path = o.Out
	if packed.Path == "" {
		packed.Path = filepath.Join(filepath.Dir(s.ManifestPath), s.Manifest.Name+pack.Ext)
	}
	return packed, os.WriteFile(packed.Path, text, 0o644)
}

// Packed packs the plugin and returns the pack's bytes. One that came in a pack is packed
// anew.
func (s Source) Packed(ctx context.Context, h *sandbox.Host, o PackOptions) (Packed, []byte, error) {
	if !s.Pinned() {
		return Packed{}, nil, fmt.Errorf("%s names another digest: tocsin plugin build writes it", s.ManifestPath)
	}
	wasm, err := s.Module()
	if err != nil {
		return Packed{}, nil, err
	}
	text, err := s.manifestText()
	if err != nil {
		return Packed{}, nil, err
	}
	contents, err := h.Pack(ctx, wasm, text, s.Manifest.Limits)
	if err != nil {
		return Packed{}, nil, fmt.Errorf("plugin %s: %w", s.Name(), err)
	}
	out := Packed{Without: map[string]string{}}
	for _, platform := range o.Platforms {
		if platform == pack.Here() {
			continue
		}
		code, err := elsewhere(ctx, platform, o.Programs, wasm)
		if err != nil {
			out.Without[platform] = err.Error()
			continue
		}
		contents.Codes = append(contents.Codes, code)
	}
	if len(o.Platforms) > 0 && !slices.Contains(o.Platforms, pack.Here()) {
		contents.Codes = slices.DeleteFunc(contents.Codes, func(c pack.Code) bool { return c.Platform == pack.Here() })
	}
	bytes, err := out.bytes(ctx, h, contents)
	return out, bytes, err
}

// manifestText is the text of the plugin.yaml; a plugin without one has the same as JSON.
func (s Source) manifestText() ([]byte, error) {
	if s.ManifestPath != "" {
		return os.ReadFile(s.ManifestPath)
	}
	return json.MarshalIndent(s.Manifest, "", "  ")
}

// bytes writes the pack, and loads it before anybody gets it.
func (p *Packed) bytes(ctx context.Context, h *sandbox.Host, c *pack.Contents) ([]byte, error) {
	var b bytes.Buffer
	var err error
	if p.SHA256, err = c.Write(&b); err != nil {
		return nil, err
	}
	written, err := pack.Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		return nil, fmt.Errorf("what was written cannot be read: %w", err)
	}
	p.Platforms, p.Size = maps.Clone(written.Platforms()), int64(b.Len())
	m, err := h.LoadPack(ctx, written, "pack", p.SHA256)
	if err != nil {
		return nil, fmt.Errorf("what was written cannot be loaded: %w", err)
	}
	code := m.Info().Code
	if err := m.Close(ctx); err != nil {
		return nil, err
	}
	if _, here := p.Platforms[pack.Here()]; here && code != "packed" {
		return nil, fmt.Errorf("what was written cannot be loaded: %s", code)
	}
	return b.Bytes(), nil
}
