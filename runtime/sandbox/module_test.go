package sandbox

import (
	"sync"
	"testing"
)

// TestEqualModulesSideBySide: several entries of a rule file may have one module, whose code
// comes from the cache.
func TestEqualModulesSideBySide(t *testing.T) {
	wasm, cache := smallGuest(t), t.TempDir()
	for range 300 {
		h := New(t.Context(), Config{CacheDir: cache})
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				m, err := h.Compile(t.Context(), wasm, "equal")
				if err != nil {
					t.Error(err)
					return
				}
				target, err := m.NewTarget(t.Context(), TargetConfig{Name: "t", Host: &Nobody{}})
				if err != nil {
					t.Error(err)
					return
				}
				if err := target.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if err := h.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
