package pattern_test

import (
	"testing"

	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/pattern"
)

// TestPages: every kind of mistake has a page of its own.
func TestPages(t *testing.T) {
	seen := map[string]pattern.Code{}
	for _, c := range []pattern.Code{
		pattern.NotObject, pattern.NotArray, pattern.Empty, pattern.BadValue, pattern.BadMatcher, pattern.NeedString,
		pattern.BadNesting, pattern.BadAnythingBut, pattern.BadExists, pattern.BadNumeric, pattern.BadCIDR,
		pattern.BadWildcard, pattern.TooComplex, pattern.BadOr, pattern.Duplicate,
	} {
		page := c.Page()
		if _, ok := diag.Page(page); !ok || seen[page] != "" {
			t.Errorf("%s has the page %q, which is not there or is that of %q", c, page, seen[page])
		}
		seen[page] = c
	}
}
