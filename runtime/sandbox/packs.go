package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/pack"
)

// Packs is a folder of packed plugins, as the package of a Lambda function has one:
// NAME.pack in it stands for the plugin NAME of the rule files, a shipped one too. What the
// rule files call its file need not be there.
type Packs struct {
	// Dir is the folder; "" is none.
	Dir string
	// Digests are those of the packs by the names of the plugins, said by somebody who may
	// be trusted. A pack of another digest is refused, and one that is not named here is as
	// good as the module in it, unless the rule file names its digest.
	Digests map[string]string
	// LeftOut are plugins of the rule files that no rule reaches, and of which nothing is
	// known.
	LeftOut []string
}

// open opens the pack that stands for a plugin; nil if there is none.
func (p Packs) open(name string) (*pack.Pack, string, error) {
	if p.Dir == "" || !filepath.IsLocal(name) {
		return nil, "", nil
	}
	path := filepath.Join(p.Dir, name+pack.Ext)
	opened, err := pack.OpenFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil
	}
	if want := p.Digests[name]; err == nil && want != "" && want != opened.Digest() {
		err = errors.Join(fmt.Errorf("the digest of %s is %s, and not %s as when it was packed", path, opened.Digest(), want), opened.Close())
	}
	return opened, path, err
}

// findStandIn finds the pack that stands for a plugin.
func (s Sources) findStandIn(e rulefile.Plugin) (f found, ok bool, err error) {
	p, path, err := s.Packs.open(e.Name)
	if p == nil && err == nil {
		return found{}, false, nil
	}
	if err != nil {
		return found{}, true, fmt.Errorf("plugin %s: %w", e.Name, err)
	}
	m, err := p.Manifest()
	if err == nil {
		err = s.Trusted.Check(path, []byte(p.Digest()))
	}
	f = found{manifest: m, digest: m.Module.SHA256, pack: p, trusted: s.Packs.Digests[e.Name]}
	if err == nil && e.SHA256 != "" {
		switch e.SHA256 {
		case p.Digest():
			f.digest, f.trusted = p.Digest(), p.Digest()
		case m.Module.SHA256:
		default:
			err = fmt.Errorf("the digest of %s is %s, its module's is %s, the rule file names %s", path, p.Digest(), m.Module.SHA256, e.SHA256)
		}
	}
	if err != nil {
		return found{manifest: m, digest: f.digest}, true, errors.Join(fmt.Errorf("plugin %s: %w", e.Name, err), p.Close())
	}
	return f, true, nil
}
