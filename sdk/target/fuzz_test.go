package target

import (
	"encoding/json"
	"testing"

	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// FuzzRead: a batch that any JSON encoder writes reads as what was written.
func FuzzRead(f *testing.F) {
	f.Add("1", "rule", `{"a":[1,{"b":"]}"}]}`, `"\u0041"`, 2)
	f.Add("\"", "\\", "{}", "", 0)
	f.Fuzz(func(t *testing.T, id, rule, ev, input string, attempt int) {
		if event.Check([]byte(ev)) != nil || input != "" && event.Check([]byte(input)) != nil {
			return
		}
		r := abi.Record{ID: id, Rule: rule, Attempt: attempt % 1000, Event: []byte(ev), Input: []byte(input)}
		batch, err := json.Marshal(abi.Batch{V: 1, Target: rule, Records: []abi.Record{r, {ID: "last", Event: []byte("{}")}}})
		if err != nil {
			return
		}
		var want abi.Batch
		if err := json.Unmarshal(batch, &want); err != nil {
			t.Fatal(err)
		}
		got := read(batch)
		if len(got) != 2 || got[1].ID() != "last" {
			t.Fatalf("%d deliveries of %s", len(got), batch)
		}
		d, w := got[0], want.Records[0]
		if d.ID() != w.ID || d.Rule() != w.Rule || d.Attempt() != w.Attempt || string(d.Event()) != string(w.Event) || d.Shaped() != (len(w.Input) > 0) {
			t.Errorf("read %q %q %d %s, want %+v", d.ID(), d.Rule(), d.Attempt(), d.Event(), w)
		}
	})
}

// FuzzObject: whatever goes in, an object is JSON that says the same.
func FuzzObject(f *testing.F) {
	f.Add("name", "value", int64(-1), true)
	f.Add("\x00\xff", "\u2028\"\\", int64(1)<<62, false)
	f.Fuzz(func(t *testing.T, name, text string, n int64, b bool) {
		v := NewObject().Text("t"+name, text).Int("n", n).Bool("b", b).Texts("l", text, name).Object("o", NewObject().Text("x", text)).JSON()
		if err := event.Check(v); err != nil {
			t.Fatalf("%s: %v", v, err)
		}
		want, _ := event.Value(event.AppendString(nil, text)).Text()
		if got, _ := v.Get("o", "x").Text(); got != want {
			t.Errorf("text %q reads as %q", text, got)
		}
		if string(v.Get("b")) == "true" != b {
			t.Errorf("%v reads as %s", b, v.Get("b"))
		}
	})
}
