package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// BenchmarkColdCall is the processor time from a process's start to the first result of a
// Go guest, with the program as it is shipped: the guest packed, compiled before (in the
// cache) and compiled now, beside a Go program that does nothing. Each is the best of
// several starts, which take turns.
func BenchmarkColdCall(b *testing.B) {
	dir := b.TempDir()
	tocsin, nothing, slack := filepath.Join(dir, "tocsin"), filepath.Join(dir, "nothing"), filepath.Join(dir, "slack")
	if err := os.WriteFile(filepath.Join(dir, "nothing.go"), []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	run := func(program string, args ...string) (string, time.Duration) {
		b.Helper()
		cmd := exec.Command(program, args...)
		cmd.Env = append(os.Environ(), "TOCSIN_CACHE="+filepath.Join(dir, "cache"), "CGO_ENABLED=0")
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			b.Fatalf("%s %q: %v\n%s", program, args, err, out)
		}
		return string(out), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	run("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", tocsin, ".")
	run("go", "build", "-o", nothing, filepath.Join(dir, "nothing.go"))
	run(tocsin, "new", "plugin", slack, "-q")
	run(tocsin, "plugin", "build", slack, "-q")
	printed, _ := run(tocsin, "plugin", "pack", slack, "-q")
	digest := regexp.MustCompile(`[0-9a-f]{64}`).FindString(printed)
	call := func(more ...string) []string {
		return append([]string{"plugin", "call", "--event", filepath.Join(slack, "event.json"), "--config", filepath.Join(slack, "config.json")}, more...)
	}
	ways := []struct {
		name string
		args []string
	}{
		{tocsin, call(filepath.Join(slack, "slack.pack"), "--sha256", digest)},
		{tocsin, call(slack)},
		{tocsin, call(slack, "--cache", filepath.Join(dir, "fresh"))},
		{tocsin, []string{"version"}},
		{nothing, nil},
	}
	for b.Loop() {
		best := make([]time.Duration, len(ways))
		for round := range 10 {
			for n, w := range ways {
				if n == 2 && round > 1 {
					continue // a second and more each
				}
				if err := os.RemoveAll(filepath.Join(dir, "fresh")); err != nil {
					b.Fatal(err)
				}
				if _, took := run(w.name, w.args...); best[n] == 0 || took < best[n] {
					best[n] = took
				}
			}
		}
		for n, unit := range []string{"packed-cpu-ms", "cached-cpu-ms", "compiled-cpu-ms", "version-cpu-ms", "nothing-cpu-ms"} {
			b.ReportMetric(float64(best[n].Microseconds())/1000, unit)
		}
	}
}
