package main

import (
	"strings"
	"syscall"
	"testing"
)

// BenchmarkWarm is what a record of a batch of 100 costs through one Go target, with the
// 200 rules of BenchmarkColdStart: processor time of the whole process, beside that of a
// function that does nothing with the same batches.
func BenchmarkWarm(b *testing.B) {
	const records = 100
	batch := `{"Records":[` + strings.TrimSuffix(strings.Repeat(message("shop.first")+",", records), ",") + `]}`
	root := newFunction(b, twoHundred("http://127.0.0.1:9"), five...)
	for _, f := range []struct{ name, dir string }{{"tocsin", "."}, {"nothing", "./testdata/nothing"}} {
		b.Run(f.name, func(b *testing.B) {
			p := start(b, program(b, f.dir), root)
			invoke := func() {
				if answer, err := p.Invoke(b.Context(), []byte(batch), long); err != nil {
					b.Fatalf("%s, %v", answer, err)
				}
			}
			invoke() // loads what has to be loaded
			before := p.cpu()
			n := 0
			for b.Loop() {
				invoke()
				n++
			}
			b.ReportMetric((p.cpu()-before).Seconds()*1000/float64(n*records), "cpu-ms/record")
			p.end(syscall.SIGTERM)
		})
	}
}
