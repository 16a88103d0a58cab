package recording

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// Difference is the first thing in which a call was not the same when it was made again.
type Difference struct {
	// What is the end of "another …": "host call 3", "result", "memory".
	What   string `json:"what"`
	Wanted string `json:"wanted"`
	Got    string `json:"got"`
}

// Compare finds the first difference, in the order in which things happen; nil is none.
func Compare(recorded, again *Recording) *Difference {
	if d := compareCalls("host call %d of init", recorded.Init, again.Init); d != nil {
		return d
	}
	if recorded.Began != again.Began && recorded.End.Unknown == "" {
		return &Difference{"memory after init", recorded.Began, again.Began}
	}
	if d := compareCalls("host call %d", recorded.Calls, again.Calls); d != nil {
		return d
	}
	for _, part := range []struct {
		what string
		of   func(End) string
	}{
		{"end", end},
		{"stack", func(e End) string { return strings.Join(e.Functions, " < ") }},
		{"standard error", func(e End) string { return string(e.Stderr) }},
		{"fuel", func(e End) string { return fmt.Sprint(e.Fuel) }},
		{"size of the memory", func(e End) string { return fmt.Sprint(e.MemorySize) }},
		{"memory", func(e End) string { return e.Memory }},
	} {
		if part.what == "memory" && recorded.End.Unknown != "" {
			continue
		}
		if wanted, got := part.of(recorded.End), part.of(again.End); wanted != got {
			wanted, got = excerpts(wanted, got)
			return &Difference{part.what, wanted, got}
		}
	}
	return nil
}

// compareCalls finds the first call that is another one; what makes its name.
func compareCalls(what string, recorded, again []Call) *Difference {
	same := func(a, b Call) bool { return a.Function == b.Function && bytes.Equal(a.Request, b.Request) }
	for n := range max(len(recorded), len(again)) {
		d := &Difference{What: fmt.Sprintf(what, n+1)}
		switch {
		case n >= len(recorded):
			d.Wanted, d.Got = excerpts("no more calls", again[n].String())
		case n >= len(again):
			d.Wanted, d.Got = excerpts(recorded[n].String(), "no more calls")
		case !same(recorded[n], again[n]):
			d.Wanted, d.Got = excerpts(recorded[n].String(), again[n].String())
		case !bytes.Equal(recorded[n].Answer, again[n].Answer) || recorded[n].Errno != again[n].Errno:
			d.What = "answer to " + d.What
			d.Wanted, d.Got = excerpts(recorded[n].Answered(), again[n].Answered())
		default:
			continue
		}
		return d
	}
	return nil
}

// String is the function and what was asked.
func (c Call) String() string { return strings.TrimSpace(c.Function + " " + string(c.Request)) }

// Answered is the answer, or why there is none.
func (c Call) Answered() string {
	if c.Errno != 0 {
		return c.Errno.Error()
	}
	return string(c.Answer)
}

// end is the result or the fault.
func end(e End) string {
	if e.Fault != "" {
		return e.Fault + ": " + e.Message
	}
	b, err := json.Marshal(abi.Result{Failures: slices.Clip(e.Failures)})
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// An excerpt shows excerptBefore bytes that are the same, and not more than excerptLength
// in all.
const (
	excerptLength = 160
	excerptBefore = 60
)

// excerpts cuts two texts that differ to where they begin to.
func excerpts(a, b string) (string, string) {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	from := 0
	if max(len(a), len(b)) > excerptLength {
		from = max(0, n-excerptBefore)
	}
	return excerpt(a, from), excerpt(b, from)
}

func excerpt(s string, from int) string {
	for from > 0 && from < len(s) && !utf8.RuneStart(s[from]) {
		from--
	}
	s, before := s[min(from, len(s)):], from > 0
	if len(s) > excerptLength {
		s = strings.ToValidUTF8(s[:excerptLength], "") + "…"
	}
	if before {
		s = "…" + s
	}
	return s
}
