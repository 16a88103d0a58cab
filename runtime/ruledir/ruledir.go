// Package ruledir finds and reads the files of a rule set.
//
// All rule files below the given paths are one set. A rule file ends in .yaml or .yml;
// those that end in _test.yaml or _test.yml are its tests. A file that is named itself may
// end as it likes: .json, for example, which in a folder is more often an event. Folders
// called testdata or node_modules and those that begin with a dot are not entered.
package ruledir

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
)

// Files are the files below some paths, each kind sorted by name.
type Files struct {
	Rules []rulefile.File
	Tests []rulefile.File
}

// Read reads the files of the given folders and files. A file that is named twice, by
// itself and by its folder, is read once. A plugin's manifest, plugin.yaml or
// NAME.plugin.yaml, is no rule file.
func Read(paths []string) (Files, error) {
	var f Files
	seen := map[string]bool{}
	for _, p := range paths {
		if _, err := os.Stat(p); os.IsNotExist(err) {
			return Files{}, fmt.Errorf("there is no file or folder %s", p)
		}
		err := filepath.WalkDir(p, func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() {
				if name != p && skipDir(d.Name()) {
					return filepath.SkipDir
				}
				return nil
			}
			if clean := filepath.Clean(name); !seen[clean] && (name == p || isRuleFile(name) || IsTest(name)) {
				seen[clean] = true
				return f.add(name)
			}
			return nil
		})
		if err != nil {
			return Files{}, err
		}
	}
	byName := func(a, b rulefile.File) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(f.Rules, byName)
	slices.SortFunc(f.Tests, byName)
	return f, nil
}

func skipDir(name string) bool {
	return strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules"
}

func isRuleFile(name string) bool {
	base := filepath.Base(name)
	if base == "plugin.yaml" || base == PluginTests || strings.HasSuffix(base, ".plugin.yaml") {
		return false
	}
	ext := filepath.Ext(base)
	return (ext == ".yaml" || ext == ".yml") && !strings.HasPrefix(base, ".") && !IsTest(base)
}

// PluginTests is the file with a plugin's tests, beside its manifest; no file of a rule set.
const PluginTests = "plugin_test.yaml"

// IsTest says whether a file of this name holds tests.
func IsTest(name string) bool {
	return filepath.Base(name) != PluginTests && (strings.HasSuffix(name, "_test.yaml") || strings.HasSuffix(name, "_test.yml"))
}

func (f *Files) add(name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	file := rulefile.File{Name: filepath.ToSlash(name), Data: data}
	if IsTest(name) {
		f.Tests = append(f.Tests, file)
	} else {
		f.Rules = append(f.Rules, file)
	}
	return nil
}
