package rulefile

import (
	"github.com/tocsin-engine/tocsin/rules/schedule"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// schedule reads a rule's schedule, nil where it has none or a wrong one.
func (r *reading) schedule(v *source.Value, path string) *schedule.Schedule {
	m, zone := v.Get("schedule"), v.Get("timezone")
	if m == nil || m.Kind != event.String {
		if zone != nil && m == nil {
			r.find(keyPos(v, "timezone"), child(path, "timezone"), "S007", "timezone without a schedule", "add  schedule: cron(0 8 ? * MON-FRI *)", "")
		}
		return nil
	}
	if bus := text(v, "bus"); bus != "" && bus != "default" {
		r.find(keyPos(v, "schedule"), child(path, "schedule"), "S006", "a schedule is possible on the default bus only",
			"remove  bus: "+shorten(bus), "EventBridge says the same: its events come to the bus of AWS's own")
	}
	s, wrong := schedule.Parse(m.Text, text(v, "timezone"))
	switch {
	case wrong == nil:
		return s
	case wrong.Code == "S005":
		m, path = zone, child(path, "timezone")
	default:
		path = child(path, "schedule")
	}
	r.find(r.doc.Locate(m, wrong.Offset, wrong.Length), path, wrong.Code, wrong.Message, wrong.Label, wrong.Help)
	return nil
}
