package rulefile

import (
	"testing"

	"github.com/tocsin-engine/tocsin/rules/diag"
)

// A plugin's problem is shown where the person wrote what it is about, or as near to it
// as the file goes.
func TestConfigAt(t *testing.T) {
	set, list := Load([]File{{Name: "a.yaml", Data: []byte(`version: 1
targets:
  - {name: none, plugin: log}
  - name: some
    plugin: webhook
    config:
      url: https://example.com
      headers: {accept: text}
`)}}, Options{})
	if len(list) > 0 || len(set.Targets) != 2 {
		t.Fatal(list, len(set.Targets))
	}
	for _, tc := range []struct {
		target, line int
		part, path   string
	}{
		{0, 3, "level", "targets[0].config.level"},
		{0, 3, "", "targets[0].config"},
		{1, 7, "url", "targets[1].config.url"},
		{1, 8, "headers.accept", "targets[1].config.headers.accept"},
		{1, 8, "headers.missing", "targets[1].config.headers.missing"},
		{1, 7, "method", "targets[1].config.method"},
	} {
		pos, path := set.Targets[tc.target].ConfigAt(tc.part)
		if pos.Line != tc.line || path != tc.path || pos == (diag.Pos{}) {
			t.Errorf("%q of target %d is at line %d, %s; want line %d, %s", tc.part, tc.target, pos.Line, path, tc.line, tc.path)
		}
	}
}
