package rulefile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// hostFunctions are what a plugin may import, and the grant that each needs.
var hostFunctions = map[string]string{
	abi.Take: "", abi.Log: "", abi.Metric: "", abi.Now: "", abi.Random: "",
	abi.Emit: "emit", abi.HTTP: "http", abi.AWS: "aws", abi.Secret: "secrets",
	abi.KVGet: "kv", abi.KVPut: "kv", abi.KVDelete: "kv", abi.KVList: "kv", abi.KVCAS: "kv",
}

// wasi is the module that language runtimes import; the sandbox answers it.
const wasi = "wasi_snapshot_preview1"

// checkPlugins holds the plugins' entries against what the host found.
func (l *loader) checkPlugins() {
	for _, p := range l.plugins {
		info, known := l.options.Plugins[p.plugin.Name]
		switch {
		case p.plugin.Name == "" || l.options.Plugins == nil:
		case p.plugin.SHA256 != "" && info.SHA256 != "" && p.plugin.SHA256 != info.SHA256:
			p.find("sha256", "W003", fmt.Sprintf("plugin %q is another module than this one", p.plugin.Name), "the file's digest is "+info.SHA256,
				"look at what changed, then write the new digest")
		case info.Err != nil:
			p.find("file", "W002", fmt.Sprintf("plugin %q cannot be opened", p.plugin.Name), strings.ReplaceAll(info.Err.Error(), "\n", "; "), "")
		case !known:
			p.noFile()
		default:
			p.checkModule(info)
			p.checkGrants(info)
		}
	}
}

// find adds a finding at the value of a field, or at the entry where it has none such.
func (p readPlugin) find(name, code, message, label, help string) {
	at, path := p.v.Pos, p.path
	if v := p.v.Get(name); v != nil {
		at, path = v.Pos, child(path, name)
	}
	p.r.find(at, path, code, message, label, help)
}

// noFile reports a plugin that is neither shipped nor has a file.
func (p readPlugin) noFile() {
	if p.plugin.File != "" {
		return // the host was not asked
	}
	p.find("name", "W004", fmt.Sprintf("plugin %q has no file", p.plugin.Name), nearLabel(p.plugin.Name, Shipped, "add  file: "+p.plugin.Name+".wasm"),
		"without a file it must be a shipped plugin: "+quoteList(Shipped))
}

// checkModule reports a module that cannot run here, or that does more than it says.
func (p readPlugin) checkModule(info PluginInfo) {
	for _, imported := range info.Imports {
		module, name, _ := strings.Cut(imported, ".")
		name, _, _ = strings.Cut(name, "(")
		if module == wasi {
			continue
		}
		needs, ok := hostFunction(module, name)
		if !ok {
			p.notOffered(module, name, imported)
			continue
		}
		if needs != "" && !slices.Contains(info.Manifest.Needs.Names(), needs) {
			p.find("file", "G003", fmt.Sprintf("plugin %q imports %s, and its manifest does not need %s", p.plugin.Name, imported, needs),
				"the manifest has to name it under needs", "what a plugin may do is readable in its manifest, not only in its code")
		}
	}
}

func (p readPlugin) notOffered(module, name, imported string) {
	offers, help := "offers "+offered(hostFunctions, name), "rebuild it with the SDK of this version: ABI v1"
	switch {
	case module == abi.ExtismModule:
		offers, help = "offers "+offered(abi.ExtismFunctions, name), "rebuild it with a PDK of Extism 1.x"
	case strings.HasPrefix(module, "extism:"):
		offers, help = "has no functions of another program", "what a target needs beyond "+abi.ExtismModule+" it imports from "+abi.Module+", as ABI v1 says"
	}
	p.find("file", "W001", fmt.Sprintf("plugin %q asks for a host function this version does not offer", p.plugin.Name),
		fmt.Sprintf("imports %s; this tocsin %s", imported, offers), help)
}

// hostFunction is the grant that a function needs; ok is false for one that is not offered.
func hostFunction(module, name string) (needs string, ok bool) {
	switch module {
	case abi.Module:
		needs, ok = hostFunctions[name]
	case abi.ExtismModule:
		needs, ok = abi.ExtismFunctions[name]
	}
	return needs, ok
}

// offered is the host function nearest to a name, or all of them.
func offered(functions map[string]string, name string) string {
	all := slices.Sorted(maps.Keys(functions))
	if near := diag.Nearest(name, all); near != "" {
		return near
	}
	for _, f := range all {
		if strings.HasPrefix(name, f) {
			return f
		}
	}
	return quoteList(all)
}

// checkGrants reports what the plugin needs and is not allowed. A shipped plugin is
// allowed what it needs, and what its entry adds.
func (p readPlugin) checkGrants(info PluginInfo) {
	if info.Shipped {
		return
	}
	for _, need := range missingGrants(info.Manifest.Needs, p.plugin.Allow) {
		p.find("allow", "G001", fmt.Sprintf("plugin %q needs %s", p.plugin.Name, need.what), "add  "+need.add, "a plugin does only what its entry allows")
	}
}

// grant is something that a plugin needs.
type grant struct{ what, add string }

// missingGrants lists what needs has and allow has not.
func missingGrants(needs, allow abi.Grants) (missing []grant) {
	add := func(kind string, values, allowed []string, covers func(allowed, value string) bool) {
		for _, v := range values {
			if strings.HasPrefix(v, ofConfig) {
				continue // the targets' own check
			}
			if !slices.ContainsFunc(allowed, func(a string) bool { return covers(a, v) }) {
				missing = append(missing, grant{kind + " " + v, fmt.Sprintf("allow: {%s: [%s]}", kind, v)})
			}
		}
	}
	add("http", needs.HTTP, allow.HTTP, coversHost)
	add("emit", needs.Emit, allow.Emit, glob)
	add("secrets", needs.Secrets, allow.Secrets, glob)
	if needs.KV > allow.KV {
		missing = append(missing, grant{"kv " + formatSize(needs.KV), fmt.Sprintf("allow: {kv: %s}", formatSize(needs.KV))})
	}
	for _, n := range needs.AWS {
		for _, action := range n.Actions {
			if !coversAction(allow.AWS, n.Service, action) {
				missing = append(missing, grant{"aws " + n.Service + " " + action,
					fmt.Sprintf("allow: {aws: [{service: %s, actions: [%s]}]}", n.Service, action)})
			}
		}
	}
	return missing
}

// ofConfig begins a grant that stands for the host of a url in the target's own config:
// $config.url.
const ofConfig = "$config."

// coversHost says whether a grant for http allows a host.
func coversHost(grant, host string) bool {
	if rest, ok := strings.CutPrefix(grant, "*."); ok {
		return strings.HasSuffix(host, "."+rest)
	}
	return strings.EqualFold(grant, host)
}

// coversAction says whether one of the grants allows an action.
func coversAction(grants []abi.AWSGrant, service, action string) bool {
	return slices.ContainsFunc(grants, func(g abi.AWSGrant) bool {
		return g.Service == service && slices.ContainsFunc(g.Actions, func(a string) bool { return glob(a, action) })
	})
}

// glob says whether a text in which * stands for anything covers a value.
func glob(pattern, value string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == value
	}
	value, ok := strings.CutPrefix(value, parts[0])
	for _, part := range parts[1 : len(parts)-1] {
		if i := strings.Index(value, part); i >= 0 {
			value = value[i+len(part):]
		} else {
			ok = false
		}
	}
	return ok && strings.HasSuffix(value, parts[len(parts)-1])
}
