package emf

import (
	"encoding/json"
	"strings"

	"github.com/tocsin-engine/tocsin/ingest/metrics"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// definition reads one metric definition and what it refers to, and makes a datum of it in
// each dimension set.
func (r *reader) definition(v event.Value, namespace string, sets [][]metrics.Dimension, at string) {
	if v.Kind() != event.Object {
		r.parsing("%s is an object, not %s", at, v.Kind())
		return
	}
	d := metrics.Datum{Namespace: namespace, Time: r.at}
	var ok bool
	if d.Name, ok = v.Get("Name").Text(); !ok {
		r.parsing("%s.Name is a string, not %s", at, v.Get("Name").Kind())
		return
	}
	unit, resolution := v.Get("Unit"), v.Get("StorageResolution")
	if d.Unit, ok = unit.Text(); !ok && unit.Kind() != event.Missing {
		r.parsing("%s.Unit is a string, not %s", at, unit.Kind())
		return
	}
	switch string(resolution) {
	case "", "60":
	case "1":
		d.StorageResolution = 1
	default:
		r.invalid("%s.StorageResolution is 1 or 60", at)
		return
	}
	if r.target(&d, at) {
		r.add(d, sets, at)
	}
}

// target reads the value that a definition refers to: a number or a list of numbers at the
// message's root.
func (r *reader) target(d *metrics.Datum, at string) bool {
	v := r.root[d.Name]
	switch v.Kind() {
	case event.Number:
		d.Value = json.Number(v)
		return true
	case event.Array:
		for item := range v.Items() {
			if item.Kind() != event.Number {
				r.invalid("%s: the list %q holds numbers, not %s", at, d.Name, item.Kind())
				return false
			}
			d.Values = append(d.Values, json.Number(item))
		}
		if len(d.Values) == 0 || len(d.Values) > MaxSamples {
			r.invalid("%s: the list %q has 1 to %d numbers, not %d", at, d.Name, MaxSamples, len(d.Values))
			return false
		}
		return true
	}
	r.invalid("%s: the metric %q is a number or a list of numbers at the message's root, not %s", at, d.Name, v.Kind())
	return false
}

// add takes a datum in each dimension set in which it is valid. Those beyond MaxData are
// one error.
func (r *reader) add(d metrics.Datum, sets [][]metrics.Dimension, at string) {
	for _, d.Dimensions = range sets {
		switch r.made++; {
		case r.made == MaxData+1:
			r.invalid("the message makes more than %d data; those after them are left out", MaxData)
			fallthrough
		case r.made > MaxData:
			return
		}
		var found metrics.Findings
		d.Validate(&found, "datum", r.now)
		if err := found.Err(); err != nil {
			r.invalid("%s: %s", at, strings.ReplaceAll(err.Message, "\n", " "))
			continue
		}
		r.Data = append(r.Data, d)
	}
}
