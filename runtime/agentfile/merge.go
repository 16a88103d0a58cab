package agentfile

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// appended are the lists that several files add to; every other value may be given once,
// or several times alike.
var appended = []string{"collect_list", "procstat", "jmx", "aggregation_dimensions"}

// merge puts two documents together, as the agent does with the files of its folder.
func (r *reader) merge(a, b document, path string) document {
	switch {
	case a == nil:
		return b
	case a.Kind == event.Object && b.Kind == event.Object:
		return r.mergeMembers(a, b, path)
	case a.Kind == event.Array && b.Kind == event.Array && slices.Contains(appended, lastName(path)):
		return r.mergeItems(a, b)
	case !same(a, b):
		r.find(b, diag.Finding{
			Code: codeTwice, Path: path, Label: "say it in one of the files only",
			Message: fmt.Sprintf("%s has another value in %s, line %d", lastName(path), r.file[a], a.Pos.Line),
		})
	}
	return a
}

func (r *reader) mergeMembers(a, b document, path string) document {
	merged := &source.Value{Kind: event.Object, Pos: a.Pos, Members: slices.Clone(a.Members)}
	r.file[merged] = r.file[a]
	for _, m := range b.Members {
		i := slices.IndexFunc(merged.Members, func(o source.Member) bool { return o.Name == m.Name })
		if i < 0 {
			merged.Members = append(merged.Members, m)
			continue
		}
		merged.Members[i].Value = r.merge(merged.Members[i].Value, m.Value, join(path, m.Name))
	}
	return merged
}

func (r *reader) mergeItems(a, b document) document {
	merged := &source.Value{Kind: event.Array, Pos: a.Pos, Items: slices.Clone(a.Items)}
	r.file[merged] = r.file[a]
	for _, item := range b.Items {
		if !slices.ContainsFunc(a.Items, func(o document) bool { return same(o, item) }) {
			merged.Items = append(merged.Items, item)
		}
	}
	return merged
}

// same says whether two values say the same.
func same(a, b document) bool { return bytes.Equal(a.AppendJSON(nil), b.AppendJSON(nil)) }
