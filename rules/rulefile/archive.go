package rulefile

import (
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// archive reads one archive; it is refused where the store would forget.
func (l *loader) archive(r *reading, v *source.Value, path string) {
	if v.Kind != event.Object {
		return
	}
	l.unique(r, v, "archive", path)
	if !l.options.Durable {
		r.find(v.Pos, path, "R019", "an archive needs a store that keeps its state", "remove it, or say  --data DIR",
			"a store in memory forgets at every start what it kept")
	}
	out := Archive{Name: text(v, "name"), Description: text(v, "description"), Bus: event.DefaultBus,
		RetentionDays: number(v, "retention_days"), File: r.name, Pos: v.Pos}
	if bus := text(v, "bus"); bus != "" {
		out.Bus = bus
	}
	before := r.errs
	if m := v.Get("pattern"); m != nil {
		out.Pattern = r.pattern(m, child(path, "pattern"))
	}
	l.archives = append(l.archives, place{r, v, path})
	if r.errs == before && out.Name != "" {
		l.set.Archives = append(l.set.Archives, out)
	}
}
