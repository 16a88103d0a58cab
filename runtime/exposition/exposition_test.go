package exposition_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/tocsin-engine/tocsin/runtime/exposition"
)

// read reads what was written as Prometheus does: the value of every sample by its name
// and labels.
func read(t testing.TB, text []byte) map[string]float64 {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("Prometheus cannot read it: %v\n%s", err, text)
	}
	got := map[string]float64{}
	for name, f := range families {
		for _, m := range f.Metric {
			key := name
			for _, l := range m.Label {
				key += "," + l.GetName() + "=" + l.GetValue()
			}
			switch {
			case m.Counter != nil:
				got[key] = m.Counter.GetValue()
			case m.Gauge != nil:
				got[key] = m.Gauge.GetValue()
			case m.Summary != nil:
				got[key+" sum"], got[key+" count"] = m.Summary.GetSampleSum(), float64(m.Summary.GetSampleCount())
			}
		}
	}
	return got
}

func TestWrite(t *testing.T) {
	counted := exposition.Family{Name: "a_total", Help: "What \\ is\ncounted.", Kind: exposition.Counter}
	counted.Add(3, "rule", "b", "target", "c")
	counted.Add(1e21, "rule", "quote \" slash \\ line\n \xff")
	level := exposition.Family{Name: "b", Help: "A level.", Kind: exposition.Gauge}
	level.Add(-0.25)
	took := exposition.Family{Name: "c_seconds", Help: "How long.", Kind: exposition.Summary}
	took.AddSummary(4, 1.5, "target", "t")
	var b bytes.Buffer
	if err := exposition.Write(&b, []exposition.Family{counted, level, took, {Name: "none", Help: "Nothing.", Kind: exposition.Gauge}}); err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{
		"a_total,rule=b,target=c": 3, "a_total,rule=quote \" slash \\ line\n ?": 1e21, "b": -0.25,
		"c_seconds,target=t sum": 1.5, "c_seconds,target=t count": 4,
	}
	if diff := cmp.Diff(want, read(t, b.Bytes())); diff != "" {
		t.Errorf("(-want +got):\n%s\n%s", diff, b.String())
	}
}

// FuzzLabels: any value of a label comes back, but for bytes that are no UTF-8.
func FuzzLabels(f *testing.F) {
	for _, text := range []string{"", "a", "\"", "\\n", "\n", "}", "\xff", "日本", "# HELP"} {
		f.Add(text, 1.5)
	}
	f.Add("x", math.Inf(-1))
	f.Fuzz(func(t *testing.T, value string, number float64) {
		if math.IsNaN(number) {
			return
		}
		level := exposition.Family{Name: "m", Help: value, Kind: exposition.Gauge}
		level.Add(number, "l", value)
		var b bytes.Buffer
		if err := exposition.Write(&b, []exposition.Family{level}); err != nil {
			t.Fatal(err)
		}
		got := read(t, b.Bytes())
		if len(got) != 1 {
			t.Fatalf("%q gave %v", value, got)
		}
		for _, v := range got {
			if v != number {
				t.Errorf("%v came back as %v", number, v)
			}
		}
	})
}
