package rulefile

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// checkTargets holds the targets against what their plugins need of them.
func (l *loader) checkTargets() {
	for _, t := range l.targets {
		info, known := l.options.Plugins[t.target.Plugin]
		if known && slices.Contains(info.Manifest.Needs.HTTP, configURL) {
			l.checkURL(t, info)
		}
	}
}

// webURL is an address on the web; the host, with its port, is the part in brackets.
var webURL = regexp.MustCompile(`^https?://([A-Za-z0-9.\-]+(?::[0-9]+)?|\[[0-9A-Fa-f:.]+\](?::[0-9]+)?)(?:[/?#][!-~]*)?$`)

// checkURL reports a target whose plugin calls config.url and may not, or has none.
func (l *loader) checkURL(t readTarget, info PluginInfo) {
	config := t.v.Get("config")
	path := child(t.path, "config")
	var v *source.Value
	if config != nil {
		v = config.Get("url")
	}
	if v == nil || v.Kind != event.String {
		t.r.find(keyPos(t.v, "config"), path, "R003", fmt.Sprintf("plugin %q needs to know where to call", t.target.Plugin),
			"add  config: {url: https://…}", "")
		return
	}
	path = child(path, "url")
	url := webURL.FindStringSubmatch(v.Text)
	if url == nil {
		t.r.find(v.Pos, path, "R008", fmt.Sprintf("%q cannot be used as a url", shorten(v.Text)), "write https://host/path", "")
		return
	}
	allow, restricted := l.allowed(t.target.Plugin, info)
	host := url[1]
	covered := slices.ContainsFunc(allow.HTTP, func(g string) bool { return g == configURL || coversHost(g, host) })
	if restricted && !covered {
		t.r.find(v.Pos, path, "G002", fmt.Sprintf("plugin %q may not call %s", t.target.Plugin, host),
			fmt.Sprintf("add  allow: {http: [%s]}  to the plugin", host), "or allow every target its own url:  allow: {http: [$config.url]}")
	}
}

// allowed is what a plugin may do; restricted is false where it may do what it needs.
func (l *loader) allowed(name string, info PluginInfo) (allow abi.Grants, restricted bool) {
	for _, p := range l.plugins {
		if p.plugin.Name == name && (p.plugin.HasAllow || !info.Shipped) {
			return p.plugin.Allow, true
		}
	}
	return info.Manifest.Needs, !info.Shipped
}
