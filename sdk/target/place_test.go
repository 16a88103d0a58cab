package target

import (
	"testing"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

func TestPlace(t *testing.T) {
	d := &Delivery{
		event: event.Value(`{"id":"e1","detail-type":"Order","detail":{"n":7,"list":["a",{"b":"c"}],"none":null},"resources":["arn:1"]}`),
		input: event.Value(`{"id":"i1"}`),
	}
	for text, want := range map[string]string{
		"constant":            "constant",
		"":                    "",
		"$.id":                "e1",
		"$.detail-type":       "Order",
		"$.detail.n":          "7",
		"$.detail.list[1].b":  "c",
		"$.detail.list[0]":    "a",
		"$.resources[0]":      "arn:1",
		"$.resources[1]":      "",
		"$.detail.none":       "",
		"$.detail.missing.x":  "",
		"$.detail.list[1]":    `{"b":"c"}`,
		"$input.id":           "i1",
		"$input":              `{"id":"i1"}`,
		"$.detail.list[1].b2": "",
	} {
		p, problem := ParsePlace(text)
		if got := p.Text(d); got != want || problem != "" {
			t.Errorf("%s is %q (%s), want %q", text, got, problem, want)
		}
	}
	for _, text := range []string{"$x", "$.", "$..a", "$.a[", "$.a[x]", "$.a[-1]", "$.a[0]b", "$5", "detail.id"} {
		if _, problem := ParsePlace(text); problem == "" {
			t.Errorf("%s is taken for a place", text)
		}
	}
}

func FuzzParsePlace(f *testing.F) {
	for _, seed := range []string{"$.detail.list[1].b", "$input", "x", "$.a[", "$.[0]"} {
		f.Add(seed)
	}
	d := &Delivery{event: event.Value(`{"a":[{"b":1}]}`)}
	f.Fuzz(func(t *testing.T, text string) {
		p, problem := ParsePlace(text)
		if problem != "" {
			return
		}
		if v := p.Value(d); v != nil && event.Check(v) != nil {
			t.Errorf("%q finds %q, which is no JSON", text, v)
		}
		if !p.isPath && p.Text(d) != text && event.Check(event.AppendString(nil, text)) == nil && isPlain(text) {
			t.Errorf("the constant %q becomes %q", text, p.Text(d))
		}
	})
}

// isPlain says whether a text is UTF-8 that a JSON string holds as it is.
func isPlain(s string) bool {
	back, ok := event.Value(event.AppendString(nil, s)).Text()
	return ok && back == s
}
