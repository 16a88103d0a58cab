package rulefile

import (
	"regexp"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

var pluginName = word{regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`), "a-z, 0-9 and -, beginning with a letter, at most 63"}

// manifestObject is a plugin.yaml. What it needs has the same keys and units as what a
// rule file allows, because people copy one into the other.
var manifestObject = &object{name: "manifest", doc: "Describes a plugin.", fields: []field{
	{name: "name", required: true, of: pluginName, doc: "The plugin's name: a-z, 0-9 and -."},
	{name: "version", of: anyText{}, doc: "The plugin's own version."},
	{name: "abi", required: true, example: "v1", of: choice{abi.V1, abi.WASICommand, abi.Extism}, doc: "The contract between plugin and host: v1, wasi-command for a plain program, or extism for a plugin built with one of Extism's PDKs."},
	{name: "module", required: true, example: "{path: NAME.wasm}", of: moduleObject, doc: "The WASM file."},
	{name: "function", of: anyText{}, doc: "The export that an Extism plugin is called by. Default: deliver, or the only one."},
	{name: "needs", of: grantsObject, doc: "What the plugin has to reach outside of its sandbox."},
	{name: "limits", of: limitsObject, doc: "Bounds of one attempt."},
}}

var moduleObject = &object{name: "module", doc: "The WASM file.", fields: []field{
	{name: "path", required: true, of: anyText{}, doc: "The file, relative to the manifest."},
	{name: "sha256", of: digest, doc: "Its digest; tocsin plugin build writes it."},
}}

// ParseManifest reads a plugin.yaml.
func ParseManifest(file File) (abi.Manifest, diag.List) {
	r := read(file)
	root := r.doc.Root
	if root == nil {
		root = &source.Value{Kind: event.Null, Pos: diag.Pos{Line: 1, Column: 1, Length: 1}}
	}
	manifestObject.check(r, root, "")
	m := abi.Manifest{Name: text(root, "name"), Version: text(root, "version"), ABI: text(root, "abi"), Function: text(root, "function"), Limits: limits(root.Get("limits"))}
	if v := root.Get("module"); v != nil {
		m.Module = abi.ManifestModule{Path: text(v, "path"), SHA256: text(v, "sha256")}
	}
	if v := root.Get("needs"); v != nil {
		m.Needs = grants(v)
	}
	if m.Function != "" && m.ABI != abi.Extism {
		r.find(keyPos(root, "function"), "function", "R001", "a function is only named with  abi: extism", "remove it", "what is called of other plugins is always the same")
	}
	list := r.settle()
	list.Sort()
	return m, list
}
