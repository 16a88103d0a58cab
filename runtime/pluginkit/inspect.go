package pluginkit

import (
	"context"
	"slices"

	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// Inspected is what can be said about a plugin without running it.
type Inspected struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	// Manifest is the manifest's path, "" where there is none.
	Manifest string       `json:"manifest,omitempty"`
	Module   sandbox.Info `json:"module"`
	Needs    abi.Grants   `json:"needs"`
	// Function is the export that a delivery calls, NoFunction why there is none.
	Function   string `json:"function,omitempty"`
	NoFunction string `json:"no_function,omitempty"`
	// Missing are capabilities that the module imports and the manifest does not ask for,
	// Unused the other way round.
	Missing []string `json:"missing,omitempty"`
	Unused  []string `json:"unused,omitempty"`
	// Pinned says that the manifest's digest is the module's.
	Pinned bool `json:"pinned"`
	// Pack is of a packed plugin, nil for all others.
	Pack *InspectedPack `json:"pack,omitempty"`
}

// InspectedPack is what can be said about a pack.
type InspectedPack struct {
	SHA256 string `json:"sha256"`
	// Platforms are those that it has code for, with the code's size.
	Platforms map[string]int64 `json:"platforms"`
}

// Inspect compiles a plugin and looks at it.
func Inspect(ctx context.Context, h *sandbox.Host, s Source) (Inspected, error) {
	m, err := s.Load(ctx, h)
	if err != nil {
		return Inspected{}, err
	}
	defer m.Close(ctx)
	i := Inspected{Name: s.Name(), Version: s.Manifest.Version, Manifest: s.ManifestPath, Module: m.Info(), Needs: s.Manifest.Needs, Pinned: s.Pinned()}
	if s.Pack != nil {
		i.Pack = &InspectedPack{s.Pack.Digest(), s.Pack.Platforms()}
	}
	if i.Function, err = m.Called(s.Manifest.Function); err != nil {
		i.NoFunction = err.Error()
	}
	asked := s.Manifest.Needs.Names()
	for _, c := range i.Module.Capabilities {
		if !slices.Contains(asked, c) {
			i.Missing = append(i.Missing, c)
		}
	}
	for _, c := range asked {
		if !slices.Contains(i.Module.Capabilities, c) {
			i.Unused = append(i.Unused, c)
		}
	}
	return i, nil
}
