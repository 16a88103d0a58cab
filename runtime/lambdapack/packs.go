package lambdapack

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/pluginkit"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/pack"
)

// packed is a plugin on its way into the zip.
type packed struct {
	name string
	// contents are those of a pack that is still to be written.
	contents *pack.Contents
	// digest is the pack's, text its bytes.
	digest string
	text   []byte
}

// packs packs plugins for the function's processor, and for nothing else: what has code
// there goes without its module. The largest code tells the others', which are most like
// it, for they are compiled of the same runtime: five plugins in Go take 5 MB of the zip
// instead of 14.
func (p *Package) packs(ctx context.Context, h *sandbox.Host, o Options, names []string) ([]packed, error) {
	var all []packed
	for i, name := range names {
		made, err := p.compile(ctx, h, o, name)
		if err != nil {
			return nil, err
		}
		all = append(all, made)
		if o.Progress != nil {
			o.Progress(i+1, len(names))
		}
	}
	base := largest(all)
	if base != nil {
		if err := base.write(ctx, h, nil); err != nil {
			return nil, err
		}
	}
	for i := range all {
		if all[i].text != nil {
			continue
		}
		if err := all[i].write(ctx, h, base); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// compile compiles a plugin. A pack that a rule file names is taken as it is: its digest
// may stand there.
func (p *Package) compile(ctx context.Context, h *sandbox.Host, o Options, name string) (packed, error) {
	platform := "linux-" + o.Function.Arch
	file := fileOf(o.Set, name)
	s, err := open(name, file)
	if err != nil {
		return packed{}, err
	}
	defer s.Close()
	if s.Pack != nil {
		if _, ok := s.Pack.Platforms()[platform]; !ok {
			p.slow(name, fmt.Sprintf("%s has no code for %s", file, platform))
		}
		text, err := os.ReadFile(file)
		return packed{name: name, digest: s.Pack.Digest(), text: text}, err
	}
	c, without, err := s.Contents(ctx, h, pluginkit.PackOptions{Platforms: []string{platform}, Programs: o.Programs})
	if err != nil {
		return packed{}, err
	}
	if why, ok := without[platform]; ok {
		p.slow(name, "its pack has no code for "+platform+": "+why)
	} else {
		c.Module = nil
	}
	return packed{name: name, contents: c}, nil
}

// largest is the plugin with the most code, nil if none has any.
func largest(all []packed) (base *packed) {
	for i := range all {
		p := &all[i]
		if p.contents != nil && len(p.contents.Codes) == 1 && (base == nil || len(p.contents.Codes[0].Text) > len(base.contents.Codes[0].Text)) {
			base = p
		}
	}
	return base
}

// small is code that is not worth a second file that has to be read.
const small = 1 << 20

// write writes the pack. base is the plugin by whose code others are told.
func (p *packed) write(ctx context.Context, h *sandbox.Host, base *packed) error {
	var beside func(string) (*pack.Pack, error)
	if base != nil && len(p.contents.Codes) == 1 && len(p.contents.Codes[0].Text) >= small {
		p.contents.Codes[0].Base, p.contents.Codes[0].BaseName = base.contents.Codes[0].Text, base.name
		beside = func(string) (*pack.Pack, error) {
			return pack.Open(bytes.NewReader(base.text), int64(len(base.text)))
		}
	}
	made, text, err := pluginkit.WritePack(ctx, h, p.contents, beside)
	p.digest, p.text = made.SHA256, text
	return err
}

// open opens a plugin; one without a file is shipped.
func open(name, file string) (pluginkit.Source, error) {
	if file == "" {
		return pluginkit.Shipped(name)
	}
	return pluginkit.Open(file)
}

// slow warns of a plugin that the function compiles.
func (p *Package) slow(plugin, why string) {
	p.warn(Warning{"plugin " + plugin, why,
		"the function then compiles the plugin when an event first reaches it, in each of its instances: a Go plugin takes seconds of CPU"})
}

// fileOf is the file of a plugin, "" for a shipped one.
func fileOf(set *rulefile.Set, name string) string {
	for _, e := range set.Plugins {
		if e.Name == name {
			return e.File
		}
	}
	return ""
}
