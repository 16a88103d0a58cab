package yaml

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tocsin-engine/tocsin/rules/source"
	"github.com/tocsin-engine/tocsin/sdk/event"
	yamlv3 "go.yaml.in/yaml/v3"
)

// generator makes values, and texts that mean them, out of a seed.
type generator struct{ *rand.Rand }

// words are texts that some reader of YAML takes for something else.
var words = []string{
	"a", "shop.orders", "two words", "", " ", "x ", " x", "null", "true", "no", "~", "012", "1e3", "-1", "0x1", "a: b", "a #b", "a:b", "#a",
	"- a", "-", "?", "*a", "&a", "!a", ">=", "|", "[a", "{a}", "a,b", "it's", `"q"`, `\`, "é", "日本", "a\nb", "a\n\nb\n", "\ta", "a\tb",
	"  indented\nless", "trailing  \nx", "---", "...", "%a", "@a", "<<", "=", "a:", ": a", "\u00a0", "😀",
}

func (g generator) value(depth int) *source.Value {
	switch n := g.IntN(10); {
	case n < 2 && depth > 0:
		v := &source.Value{Kind: event.Array}
		for range g.IntN(4) {
			v.Items = append(v.Items, g.value(depth-1))
		}
		return v
	case n < 5 && depth > 0:
		v := &source.Value{Kind: event.Object}
		for i := range g.IntN(4) {
			name := fmt.Sprintf("%s%d", strings.ReplaceAll(words[g.IntN(len(words))], "\n", ""), i)
			v.Members = append(v.Members, source.Member{Name: name, Value: g.value(depth - 1)})
		}
		return v
	case n == 5:
		return &source.Value{Kind: event.Number, Text: []string{"0", "-1", "1250.50", "1e3", "12345678901234567890"}[g.IntN(5)]}
	case n == 6:
		return &source.Value{Kind: []event.Kind{event.Bool, event.Null}[g.IntN(2)], Text: ""}
	}
	return &source.Value{Kind: event.String, Text: words[g.IntN(len(words))]}
}

// scalar writes a scalar in one of the ways there are for it.
func (g generator) scalar(v *source.Value, indent int, inFlow bool) string {
	switch v.Kind {
	case event.Bool:
		v.Text = "true"
		return v.Text
	case event.Null:
		v.Text = "null"
		return v.Text
	case event.Number:
		return v.Text
	}
	switch g.IntN(4) {
	case 0:
		if !strings.ContainsAny(v.Text, "\n") {
			return "'" + strings.ReplaceAll(v.Text, "'", "''") + "'"
		}
	case 1:
		if g.isPlain(v.Text) {
			return v.Text
		}
	case 2:
		if !inFlow && strings.TrimSpace(v.Text) != "" && !strings.HasPrefix(v.Text, "\n") {
			return g.text(v.Text, indent)
		}
	}
	return string(event.AppendString(nil, v.Text))
}

// isPlain says whether a text surely needs no quotes.
func (g generator) isPlain(text string) bool {
	return text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz.é日本 ") == "" && strings.TrimSpace(text) == text &&
		text != "null" && text != "true" && text != "..."
}

// text writes a block of text, with its own indentation where the first line needs it.
func (g generator) text(text string, indent int) string {
	head := "|"
	if strings.HasPrefix(text, " ") || strings.HasPrefix(text, "\t") || g.IntN(4) == 0 {
		head += "2"
	}
	body := strings.TrimSuffix(text, "\n")
	switch {
	case !strings.HasSuffix(text, "\n"):
		head += "-"
	case strings.HasSuffix(body, "\n"):
		head += "+"
	}
	pad := strings.Repeat(" ", indent)
	return head + "\n" + pad + strings.ReplaceAll(body, "\n", "\n"+pad)
}

// flow writes a value in brackets.
func (g generator) flow(v *source.Value) string {
	var parts []string
	for _, it := range v.Items {
		parts = append(parts, g.flow(it))
	}
	for _, m := range v.Members {
		parts = append(parts, string(event.AppendString(nil, m.Name))+[]string{": ", ":", ":  "}[g.IntN(3)]+g.flow(m.Value))
	}
	comma := []string{",", ", ", ",\n      "}[g.IntN(3)]
	switch v.Kind {
	case event.Array:
		return "[" + strings.Join(parts, comma) + "]"
	case event.Object:
		return "{" + strings.Join(parts, comma) + "}"
	}
	return g.scalar(v, 0, true)
}

// block writes a value as the value of a key or an item whose parent stands in column
// indent-2.
func (g generator) block(v *source.Value, indent int) string {
	pad := "\n" + strings.Repeat(" ", indent)
	var b strings.Builder
	switch {
	case len(v.Items)+len(v.Members) == 0 && (v.Kind == event.Array || v.Kind == event.Object):
		return " " + g.flow(v)
	case v.Kind != event.Array && v.Kind != event.Object:
		return " " + g.scalar(v, indent, false) + g.comment(v)
	case g.IntN(3) == 0 && indent <= 6:
		return " " + g.flow(v) + g.comment(v)
	}
	for _, it := range v.Items {
		b.WriteString(pad + "-" + g.block(it, indent+2))
	}
	for _, m := range v.Members {
		b.WriteString(pad + string(event.AppendString(nil, m.Name)) + ":" + g.block(m.Value, indent+2))
	}
	return b.String()
}

// comment is a comment where one may stand.
func (g generator) comment(v *source.Value) string {
	if v.Kind == event.String || g.IntN(4) > 0 {
		return ""
	}
	return "  # x: [y"
}

// FuzzRoundTrip: a value that is written in any way is read as itself, by this reader
// and by yaml.v3; and what yaml.v3 writes is read as itself.
func FuzzRoundTrip(f *testing.F) {
	for seed := range uint64(300) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		g := generator{rand.New(rand.NewPCG(seed, 1))}
		v := &source.Value{Kind: event.Object, Members: []source.Member{{Name: "a", Value: g.value(4)}, {Name: "b", Value: g.value(3)}}}
		var b strings.Builder
		for _, m := range v.Members {
			b.WriteString(m.Name + ":" + g.block(m.Value, 2) + "\n")
		}
		src, want := b.String(), string(v.AppendJSON(nil))
		doc, list := Parse("x.yaml", []byte(src))
		if len(list) > 0 {
			t.Fatalf("%v\n%s", list, src)
		}
		if got := string(doc.Root.AppendJSON(nil)); got != want {
			t.Fatalf("got  %s\nwant %s\n%s", got, want, src)
		}
		var n yamlv3.Node
		if err := yamlv3.Unmarshal([]byte(src), &n); err != nil {
			t.Fatalf("yaml.v3: %v\n%s", err, src)
		}
		if diff := agree(doc, doc.Root, n.Content[0], "$"); diff != "" {
			t.Fatalf("%s\n%s", diff, src)
		}
		again, err := yamlv3.Marshal(&n)
		if err != nil {
			t.Fatal(err)
		}
		if yamlv3.Unmarshal(again, &n) != nil {
			return // it does not read everything that it writes: a block that begins with a tab
		}
		doc, list = Parse("x.yaml", again)
		if len(list) > 0 {
			t.Fatalf("what yaml.v3 writes: %v\n%s", list, again)
		}
		if got := string(doc.Root.AppendJSON(nil)); got != want {
			t.Fatalf("what yaml.v3 writes:\ngot  %s\nwant %s\n%s", got, want, again)
		}
	})
}
