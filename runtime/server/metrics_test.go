package server

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/tocsin-engine/tocsin/runtime/engine"
)

// TestMetrics: Prometheus reads the answer, and its numbers are the engine's.
func TestMetrics(t *testing.T) {
	w := newWorld(t, nil)
	for _, body := range []string{
		`{"source":"shop","detail-type":"Order","detail":{"n":1000}}`, `{"source":"shop","detail-type":"Order","detail":{"n":1}}`,
		`{"source":"else\"where","detail-type":"T","detail":{}}`,
	} {
		w.do("POST", "/api/v1/events", body)
	}
	w.deliver()
	resp, err := http.Get(w.server.URL() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	value := func(name string, labels ...string) float64 {
		for _, m := range families[name].GetMetric() {
			var have []string
			for _, l := range m.Label {
				have = append(have, l.GetName(), l.GetValue())
			}
			if slices.Equal(have, labels) {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetSummary().GetSampleCount())
			}
		}
		return -1
	}
	for _, tc := range []struct {
		want   float64
		name   string
		labels []string
	}{
		{3, "tocsin_events_received_total", nil},
		{1, "tocsin_events_unmatched_total", nil},
		{1, "tocsin_unmatched_type_total", []string{"source", `else"where`, "detail_type", "T"}},
		{2, "tocsin_rule_matched_total", []string{"rule", "orders"}},
		{3, "tocsin_deliveries_total", []string{"target", "works", "result", "delivered"}},
		{1, "tocsin_deliveries_total", []string{"target", "broken", "result", "dead"}},
		{3, "tocsin_delivery_start_seconds", []string{"target", "works"}},
		{1, "tocsin_dead_letters", nil},
		{1, "tocsin_reload_ok", nil},
		{1, "tocsin_build_info", []string{"version", "v0"}},
		{3, "tocsin_door_total", []string{"door", "api", "counter", "requests"}},
	} {
		if got := value(tc.name, tc.labels...); got != tc.want {
			t.Errorf("%s%v is %v, want %v", tc.name, tc.labels, got, tc.want)
		}
	}
}

// TestMetricsAreDocumented: API.md lists every family with its type, and no other.
func TestMetricsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("API.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(tocsin_[a-z_]+)` \\| ([a-z]+) \\|").FindAllStringSubmatch(string(text), -1) {
		documented[m[1]] = m[2]
	}
	written := map[string]string{}
	for _, f := range newWorld(t, nil).server.families(engine.Status{}, engine.Stats{}) {
		written[f.Name] = string(f.Kind)
		if strings.HasSuffix(f.Name, "_total") != (f.Kind == "counter") {
			t.Errorf("%s is a %s", f.Name, f.Kind)
		}
	}
	if diff := cmp.Diff(written, documented); diff != "" {
		t.Errorf("API.md (-written +documented):\n%s", diff)
	}
}

// TestWhoMayScrape: this machine, and others with a key.
func TestWhoMayScrape(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Keys = map[string]string{"AK": "secret"} })
	for _, tc := range []struct {
		from, key, secret string
		want              int
	}{
		{"127.0.0.1:1", "", "", 200},
		{"[::1]:1", "", "", 200},
		{"10.0.0.1:1", "", "", 401},
		{"10.0.0.1:1", "AK", "guess", 401},
		{"10.0.0.1:1", "BK", "", 401},
		{"10.0.0.1:1", "AK", "secret", 200},
	} {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.RemoteAddr = tc.from
		if tc.key != "" {
			r.SetBasicAuth(tc.key, tc.secret)
		}
		answer := httptest.NewRecorder()
		w.server.http.Handler.ServeHTTP(answer, r)
		if body, _ := io.ReadAll(answer.Body); answer.Code != tc.want {
			t.Errorf("from %s with %q %q: %d %s, want %d", tc.from, tc.key, tc.secret, answer.Code, body, tc.want)
		}
	}
}
