package function

import (
	"fmt"
	"strings"
	"testing"
)

func TestHeldLines(t *testing.T) {
	var out strings.Builder
	h := &held{to: &out}
	fmt.Fprint(h, "a ")
	fmt.Fprint(h, "b ")
	if out.Len() > 0 {
		t.Errorf("%q came too early", out.String())
	}
	h.lead(func() { fmt.Fprint(h, "first ") })
	fmt.Fprint(h, "c ")
	h.release()
	if got := out.String(); got != "first a b c " {
		t.Errorf("%q", got)
	}
}

func TestManyLinesAreNotHeld(t *testing.T) {
	var out strings.Builder
	h := &held{to: &out}
	line := strings.Repeat("x", 1000)
	for range holdBytes/len(line) + 1 {
		fmt.Fprint(h, line)
	}
	if out.Len() <= holdBytes {
		t.Errorf("%d bytes came", out.Len())
	}
	h.lead(func() { fmt.Fprint(h, "late") })
	if !strings.HasSuffix(out.String(), "xlate") {
		t.Error("the line that is late was lost")
	}
}
