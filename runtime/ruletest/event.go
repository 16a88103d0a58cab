package ruletest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// event makes a step's event: what the test gives, what `with` replaces, and what an
// event needs besides.
func (r *run) event(w *world, file string, s rulefile.Step) (event.Event, error) {
	raw := s.Event
	if s.EventFile != "" {
		var err error
		if raw, err = r.options.ReadFile(joined(file, s.EventFile)); err != nil {
			return event.Event{}, err
		}
	}
	if err := event.Check(raw); err != nil {
		return event.Event{}, err
	}
	if len(s.With) > 0 {
		var err error
		if raw, err = override(raw, s.With); err != nil {
			return event.Event{}, err
		}
	}
	ev, err := event.Complete(raw, event.Fields{ID: w.newID(), Account: Account, Region: Region, Time: w.now})
	if err != nil {
		return ev, err
	}
	if s.Bus != "" {
		ev = ev.On(s.Bus, 0)
	}
	return ev, nil
}

// override replaces members of an event.
func override(raw []byte, with []rulefile.Override) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var root any
	if err := decoder.Decode(&root); err != nil {
		return nil, err
	}
	for _, o := range with {
		steps, err := parsePath(o.Path)
		if err == nil {
			root, err = set(root, steps, json.RawMessage(o.Value))
		}
		if err != nil {
			return nil, fmt.Errorf("with: %s: %w", o.Path, err)
		}
	}
	return json.Marshal(root)
}

// parsePath reads detail.items[0].price: names as strings, places as ints.
func parsePath(path string) ([]any, error) {
	var steps []any
	for part := range strings.SplitSeq(path, ".") {
		name, places, _ := strings.Cut(part, "[")
		if name == "" {
			return nil, errors.New("write it like detail.items[0].price")
		}
		steps = append(steps, name)
		for places != "" {
			digits, rest, _ := strings.Cut(places, "]")
			n, err := strconv.Atoi(digits)
			if err != nil || n < 0 || rest != "" && rest[0] != '[' {
				return nil, errors.New("write it like detail.items[0].price")
			}
			steps = append(steps, n)
			places = strings.TrimPrefix(rest, "[")
		}
	}
	return steps, nil
}

// set returns v with value at a path. Objects on the way are made, lists are not.
func set(v any, path []any, value any) (any, error) {
	if len(path) == 0 {
		return value, nil
	}
	if n, ok := path[0].(int); ok {
		list, ok := v.([]any)
		if !ok || n >= len(list) {
			return nil, fmt.Errorf("there is no element %d", n)
		}
		var err error
		list[n], err = set(list[n], path[1:], value)
		return list, err
	}
	name := path[0].(string)
	object, ok := v.(map[string]any)
	if v == nil {
		object, ok = map[string]any{}, true
	}
	if !ok {
		return nil, fmt.Errorf("%q is a member, but there is no object to have it", name)
	}
	var err error
	object[name], err = set(object[name], path[1:], value)
	return object, err
}
