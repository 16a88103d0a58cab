package tracing_test

import (
	"net/http"
	"testing"

	"github.com/tocsin-engine/tocsin/runtime/tracing"
)

func TestSet(t *testing.T) {
	for _, tc := range []struct{ trace, before, want string }{
		{"Root=1", "", "Root=1"},
		{"Root=1", "Root=2", "Root=2"}, // the plugin's own
		{"", "", ""},
	} {
		h := http.Header{}
		if tc.before != "" {
			h.Set(tracing.Header, tc.before)
		}
		ctx := tracing.With(t.Context(), tc.trace)
		tracing.Set(ctx, h)
		if got := h.Get(tracing.Header); got != tc.want || tracing.Of(ctx) != tc.trace {
			t.Errorf("%+v: header %q, trace %q", tc, got, tracing.Of(ctx))
		}
	}
}
