package rulefile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// checkTargets holds the targets against what their plugins need of them.
func (l *loader) checkTargets() {
	for _, t := range l.targets {
		info := l.options.Plugins[t.target.Plugin]
		for _, need := range info.Manifest.Needs.HTTP {
			if name, ok := strings.CutPrefix(need, ofConfig); ok {
				l.checkURL(t, info, need, strings.Split(name, "."))
			}
		}
	}
}

// webURL is an address on the web: its scheme, its host and port.
var webURL = regexp.MustCompile(`^(https?)://([A-Za-z0-9.\-]+(?::[0-9]+)?|\[[0-9A-Fa-f:.]+\](?::[0-9]+)?)(?:[/?#][!-~]*)?$`)

// isSecret begins a url that the host puts in when it calls.
const isSecret = "{{secret:"

// checkURL reports a target whose plugin calls a url of its config and may not, or finds
// none there.
func (l *loader) checkURL(t readTarget, info PluginInfo, need string, names []string) {
	v, path := t.v.Get("config"), child(t.path, "config")
	for _, name := range names {
		v, path = v.Get(name), child(path, name)
	}
	if v == nil || v.Kind != event.String {
		t.r.find(keyPos(t.v, "config"), child(t.path, "config"), "R003", fmt.Sprintf("plugin %q needs to know where to call", t.target.Plugin),
			fmt.Sprintf("add  config: {%s: https://…}", strings.Join(names, ": {")+strings.Repeat("}", len(names)-1)), "")
		return
	}
	if strings.HasPrefix(v.Text, isSecret) {
		return
	}
	url := webURL.FindStringSubmatch(v.Text)
	if url == nil {
		t.r.find(v.Pos, path, "R008", fmt.Sprintf("%q cannot be used as a url", shorten(v.Text)), "write https://host/path", "")
		return
	}
	if info.Shipped {
		return
	}
	host := canonicalHost(url[1], url[2])
	covered := slices.ContainsFunc(l.allowed(t.target.Plugin, info).HTTP, func(g string) bool { return g == need || coversHost(g, host) })
	if !covered {
		t.r.find(v.Pos, path, "G002", fmt.Sprintf("plugin %q may not call %s", t.target.Plugin, host),
			fmt.Sprintf("add  allow: {http: [%s]}  to the plugin", host), "or allow every target its own url:  allow: {http: ["+need+"]}")
	}
}

// canonicalHost is a host as a grant names it, which is how runtime/sandbox compares it:
// without the port that its scheme has anyway, and then without brackets.
func canonicalHost(scheme, host string) string {
	port := ":80"
	if scheme == "https" {
		port = ":443"
	}
	host = strings.ToLower(strings.TrimSuffix(host, port))
	if strings.HasSuffix(host, "]") {
		host = strings.Trim(host, "[]")
	}
	return host
}

// allowed is what a plugin may do.
func (l *loader) allowed(name string, info PluginInfo) abi.Grants {
	var allow abi.Grants
	if info.Shipped {
		allow = info.Manifest.Needs
	}
	for _, p := range l.plugins {
		if p.plugin.Name == name {
			allow.HTTP = slices.Concat(allow.HTTP, p.plugin.Allow.HTTP)
			allow.AWS = slices.Concat(allow.AWS, p.plugin.Allow.AWS)
			allow.Emit = slices.Concat(allow.Emit, p.plugin.Allow.Emit)
		}
	}
	return allow
}
