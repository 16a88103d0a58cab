package sandbox

import (
	"strings"
	"testing"
)

func TestFaultText(t *testing.T) {
	for _, tc := range []struct {
		name  string
		fault Fault
		want  string
	}{
		{"a panic", Fault{Kind: Trap, Plugin: "slack", Message: said("panic: no channel\n\ngoroutine 1 [running]:\n"),
			Functions: []string{"runtime.gopanic", "main.send", "main.deliver"}, Stderr: "panic: no channel\n\ngoroutine 1 [running]:\n"},
			"plugin slack: trap: panic: no channel, in main.send"},
		{"a timeout", Fault{Kind: Timeout, Plugin: "slack", Message: "it ran longer than 2s", Functions: []string{"tocsin.fuel.refill", "main.wait"}},
			"plugin slack: timeout: it ran longer than 2s, in main.wait"},
		{"memory", Fault{Kind: Memory, Plugin: "slack", Message: "it needs more than 16 MiB of memory", Stderr: "fatal error: out of memory\n"},
			"plugin slack: memory: it needs more than 16 MiB of memory"},
		{"words before the end", Fault{Kind: Exit, Plugin: "slack", Message: "it exited with code 3", Functions: []string{"wasi_snapshot_preview1.proc_exit"}, Stderr: "bad config\n"},
			"plugin slack: exit: it exited with code 3; stderr: bad config"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := tc.fault.Error(); got != tc.want {
				t.Errorf("%s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestTranscript(t *testing.T) {
	var r transcript
	r.write([]byte("panic: first\n"))
	for range 1000 {
		r.write([]byte("a line of the stack\n"))
	}
	r.write([]byte("the last line"))
	got := r.String()
	if !strings.HasPrefix(got, "panic: first\n") || !strings.HasSuffix(got, "the last line") || !strings.Contains(got, "\n…\n") || len(got) > 4200 {
		t.Errorf("%d bytes: %.40q … %q", len(got), got, got[len(got)-40:])
	}
	r.reset()
	r.write([]byte("short"))
	if got := r.String(); got != "short" {
		t.Errorf("after a reset %q", got)
	}
	r.write(make([]byte, 5000))
	if got := len(r.String()); got > 4200 {
		t.Errorf("one long write leaves %d bytes", got)
	}
}

func FuzzStack(f *testing.F) {
	f.Add("wasm error: unreachable\nwasm stack trace:\n\tmain.f(i32) i32\n\t.$1()\n\t... maybe followed by omitted frames")
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range stack(text) {
			if name != "" && !strings.Contains(text, name) || strings.Contains(name, "\n") {
				t.Errorf("%q is no name of %q", name, text)
			}
		}
	})
}
