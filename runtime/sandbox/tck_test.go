package sandbox_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/sandboxtest"
	"github.com/tocsin-engine/tocsin/sdk/abi/tck"
)

// TestConformance holds the sandbox to the conformance kit; each SDK is held to it by
// runtime/pluginkit/toolchain.
func TestConformance(t *testing.T) {
	cases, err := tck.Hosts()
	if err != nil {
		t.Fatal(err)
	}
	h := sandboxtest.Host(t)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			wasm, err := c.Module()
			if err != nil {
				t.Fatal(err)
			}
			outcomes := sandboxtest.Kit(t, h, wasm, c)
			for _, d := range c.Check(outcomes[0]) {
				t.Error(d)
			}
			if len(outcomes) > 1 {
				if diff := cmp.Diff(outcomes[0], outcomes[1]); diff != "" {
					t.Errorf("the second call is not the first (-first +second):\n%s", diff)
				}
			}
		})
	}
}
