package rulefile

import (
	"path"
	"strconv"

	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// readPlugin is a plugin's entry with its place.
type readPlugin struct {
	r      *reading
	v      *source.Value
	path   string
	plugin Plugin
}

// Plugins returns the entries of `plugins:` of all files, without a check: a caller
// opens the modules they name and passes what it found to Load.
func Plugins(files []File) []Plugin {
	l := &loader{set: &Set{}, seen: map[string]mention{}}
	for _, f := range files {
		r := read(f)
		if r.doc.Root == nil {
			continue
		}
		for i, v := range items(r.doc.Root, "plugins") {
			l.plugin(r, v, item("plugins", i))
		}
	}
	return l.set.Plugins
}

// plugin reads one entry of `plugins:`.
func (l *loader) plugin(r *reading, v *source.Value, at string) {
	if v.Kind != event.Object {
		return
	}
	l.unique(r, v, "plugin", at)
	out := Plugin{Name: text(v, "name"), SHA256: text(v, "sha256"), RuleFile: r.name, Pos: v.Pos}
	if file := text(v, "file"); file != "" {
		out.File = file
		if !path.IsAbs(file) {
			out.File = path.Join(path.Dir(r.name), file)
		}
	}
	if m := v.Get("allow"); m != nil && m.Kind == event.Object {
		out.Allow, out.HasAllow = grants(m), true
	}
	out.Limits = limits(v.Get("limits"))
	l.plugins = append(l.plugins, readPlugin{r, v, at, out})
	if out.Name != "" {
		l.set.Plugins = append(l.set.Plugins, out)
	}
}

// strs are the texts of the list member called name.
func strs(v *source.Value, name string) (out []string) {
	for _, it := range items(v, name) {
		if it.Kind == event.String {
			out = append(out, it.Text)
		}
	}
	return out
}

// grants reads what a plugin needs or is allowed.
func grants(v *source.Value) abi.Grants {
	g := abi.Grants{HTTP: strs(v, "http"), Emit: strs(v, "emit"), Secrets: strs(v, "secrets"), KV: bytesOf(v, "kv")}
	for _, a := range items(v, "aws") {
		g.AWS = append(g.AWS, abi.AWSGrant{Service: text(a, "service"), Actions: strs(a, "actions"), Resources: strs(a, "resources")})
	}
	return g
}

// bytesOf is the size member called name, or 0.
func bytesOf(v *source.Value, name string) int64 {
	if m := v.Get(name); m != nil {
		if n, ok := parseSize(m.Text); ok {
			return n
		}
	}
	return 0
}

// limits reads the bounds of one attempt.
func limits(v *source.Value) abi.Limits {
	if v == nil || v.Kind != event.Object {
		return abi.Limits{}
	}
	out := abi.Limits{Memory: bytesOf(v, "memory"), Output: bytesOf(v, "output"), Log: bytesOf(v, "log")}
	if d, ok := parseDuration(text(v, "time")); ok {
		out.TimeMS = d.Milliseconds()
	}
	if m := v.Get("fuel"); m != nil {
		out.Fuel, _ = strconv.ParseInt(m.Text, 10, 64)
	}
	return out
}
