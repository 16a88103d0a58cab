package lambdapack

import (
	"context"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/function/inventory"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/pack"
)

// rulesFolder and keysFile are where the rules and the access keys stand in the zip.
const (
	rulesFolder = "rules"
	keysFile    = "keys"
)

// collect reads and makes all files of the zip.
func (p *Package) collect(ctx context.Context, h *sandbox.Host, o Options, targets []rulefile.Target) ([]content, error) {
	program, err := p.bootstrap(o)
	if err != nil {
		return nil, err
	}
	files := []content{{name: Handler, data: program, program: true}}
	if o.Keys != "" {
		text, err := os.ReadFile(o.Keys)
		if err != nil {
			return nil, err
		}
		files = append(files, content{name: keysFile, data: text})
		p.warn(Warning{"zip", "it holds the secret access keys of " + o.Keys, "whoever may read the function's code reads them"})
	}
	held := inventory.Inventory{Tocsin: o.Version, Arch: o.Function.Arch, Packs: map[string]string{}, Files: map[string]string{}}
	names := pluginNames(targets)
	packs, err := p.packs(ctx, h, o, names)
	if err != nil {
		return nil, err
	}
	for _, e := range o.Set.Plugins {
		if e.File != "" && !slices.Contains(names, e.Name) {
			held.LeftOut = append(held.LeftOut, e.Name)
		}
	}
	for _, made := range packs {
		held.Packs[made.name] = made.digest
		files = append(files, content{name: path.Join(inventory.Plugins, made.name+pack.Ext), data: made.text})
	}
	rules, err := ruleFiles(o)
	if err != nil {
		return nil, err
	}
	files = append(files, rules...)
	for _, f := range files {
		held.Files[f.name] = digest(f.data)
	}
	text, err := json.MarshalIndent(held, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(files, content{name: inventory.Name, data: append(text, '\n')}), nil
}

// ruleFiles are the rules as they stand in their folder, without their tests.
func ruleFiles(o Options) (files []content, err error) {
	for _, f := range o.Files.Rules {
		name, err := filepath.Rel(o.Dir, filepath.FromSlash(f.Name))
		if err != nil {
			return nil, err
		}
		files = append(files, content{name: path.Join(rulesFolder, filepath.ToSlash(name)), data: f.Data})
	}
	return files, nil
}

func pluginNames(targets []rulefile.Target) []string {
	names := map[string]bool{}
	for _, t := range targets {
		names[t.Plugin] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// machines are what the programs of an architecture say of themselves.
var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// bootstrap reads the program that Lambda starts: the one that was named, the small one
// beside this program, or this program itself.
func (p *Package) bootstrap(o Options) ([]byte, error) {
	name := o.Bootstrap
	if name == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		name = filepath.Join(filepath.Dir(self), "bootstrap-linux-"+o.Function.Arch)
		if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
			if runtime.GOOS != "linux" || runtime.GOARCH != o.Function.Arch {
				return nil, fmt.Errorf("there is no bootstrap for %s: name one with --bootstrap, or put it beside this program as %s (make bootstrap)", o.Function.Arch, name)
			}
			p.warn(Warning{"zip", fmt.Sprintf("the bootstrap is this whole program: there is no %s, which is smaller and starts faster", filepath.Base(name)),
				"make bootstrap  builds it; --bootstrap FILE names one"})
			name = self
		}
	}
	program, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	f, err := elf.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%s is no program for Lambda: %w", name, err)
	}
	defer f.Close()
	if f.Machine != machines[o.Function.Arch] {
		return nil, fmt.Errorf("%s is a program for %s, and the function is to run on %s", name, f.Machine, o.Function.Arch)
	}
	return program, nil
}
