package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// five are the plugins of the benchmark's function, all of them Go guests.
var five = []string{"log", "webhook", "sqs", "sns", "ec2"}

// twoHundred are rules over five targets, patterns and expressions by turns. An event of
// shop.first goes to one target, one of shop.all to all five.
func twoHundred(endpoint string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `version: 1
targets:
  - {name: log, plugin: log}
  - {name: webhook, plugin: webhook, config: {url: %q}}
  - {name: sqs, plugin: sqs, mode: aws, config: {queue: orders}}
  - {name: sns, plugin: sns, mode: aws, config: {topic: "arn:aws:sns:eu-west-1:111122223333:orders"}}
  - {name: ec2, plugin: ec2, mode: aws, config: {action: stop, instances: $.detail.instance}}
plugins:
  - {name: webhook, allow: {http: [%q]}}
rules:
  - {name: first, pattern: {source: [shop.first]}, targets: [log]}
  - {name: all, pattern: {source: [shop.all]}, targets: [log, webhook, sqs, sns, ec2]}
`, endpoint, strings.TrimPrefix(endpoint, "http://"))
	for n := range 198 {
		target := five[n%len(five)]
		if n%2 == 0 {
			fmt.Fprintf(&b, "  - {name: pattern-%d, pattern: {source: [shop.orders], detail-type: [OrderPlaced], detail: {shop: [s%d], amount: [{numeric: [\">\", %d]}], country: [{anything-but: [x%d]}]}}, targets: [%s]}\n", n, n%17, n, n, target)
		} else {
			fmt.Fprintf(&b, "  - {name: when-%d, when: 'source == \"shop.orders\" and detail.shop == \"s%d\" and detail.amount > %d and detail.tags contains \"t%d\"', targets: [%s]}\n", n, n%17, n, n, target)
		}
	}
	return b.String()
}

const payload = `{"version":"0","id":"e1","detail-type":"OrderPlaced","source":%q,"account":"111122223333","time":"2026-01-02T03:04:05Z","region":"eu-west-1","resources":[],"detail":{"shop":"s1","amount":12,"instance":"i-0123456789abcdef0"}}`

// BenchmarkColdStart is what a function's first answer costs from the start of its process,
// with five packed plugins and 200 rules in its folder: processor time and the most memory
// that it had, through one Go target and through all five, beside a function that does
// nothing. Each is the best of ten starts, which take turns.
func BenchmarkColdStart(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") }))
	defer server.Close()
	root := b.TempDir()
	shipped(b, root, five...)
	write(b, filepath.Join(root, "rules", "rules.yaml"), twoHundred(server.URL))
	ways := []struct{ name, program, source string }{
		{"one", program(b, "."), "shop.first"},
		{"all", program(b, "."), "shop.all"},
		{"nothing", program(b, "./testdata/nothing"), "shop.first"},
	}
	for b.Loop() {
		cpu, memory := make([]time.Duration, len(ways)), make([]int, len(ways))
		for range 10 {
			for n, w := range ways {
				p := start(b, w.program, root, "AWS_ENDPOINT_URL="+server.URL)
				_, err := p.Invoke(b.Context(), fmt.Appendf(nil, payload, w.source), time.Minute)
				kib := p.memory("VmHWM")
				log := p.end(syscall.SIGKILL)
				if strings.Contains(log, "a packed plugin is compiled") {
					b.Fatal(log)
				}
				if err != nil && w.name != "all" { // nobody real answers the others
					b.Fatalf("%v\n%s", err, log)
				}
				state := p.cmd.ProcessState
				if took := state.UserTime() + state.SystemTime(); cpu[n] == 0 || took < cpu[n] {
					cpu[n], memory[n] = took, kib
				}
			}
		}
		for n, w := range ways {
			b.ReportMetric(float64(cpu[n].Microseconds())/1000, w.name+"-cpu-ms")
			b.ReportMetric(float64(memory[n])/1024, w.name+"-MiB")
		}
	}
}
