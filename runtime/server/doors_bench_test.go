package server

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// BenchmarkDoors is what each way in costs: reading, checking, making the events, matching
// them against no rules, answering; without HTTP's connections. Beside events/s stands
// how often json.Valid goes over the same requests, as JSON, in the time of one.
func BenchmarkDoors(b *testing.B) {
	c, _ := allDoors(b)
	s, err := New(c)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for _, w := range preparations {
		do(b, s, w)
	}
	for _, w := range workloads(b, time.Now()) {
		b.Run("door="+w.name, func(b *testing.B) {
			b.ReportAllocs()
			var door, valid time.Duration
			text := []byte(w.text)
			for b.Loop() { // in turns, so that both meet the same machine
				start := time.Now()
				do(b, s, w)
				middle := time.Now()
				if !json.Valid(text) {
					b.Fatal("not valid")
				}
				door, valid = door+middle.Sub(start), valid+time.Since(middle)
			}
			b.ReportMetric(float64(door)/float64(b.N), "ns/op")
			b.ReportMetric(perRequest*float64(b.N)/door.Seconds(), "events/s")
			b.ReportMetric(float64(door)/float64(valid), "×json.Valid")
		})
	}
}

// do sends a workload's request through the handler; the answer must be a success.
func do(t testing.TB, s *Server, w workload) {
	t.Helper()
	r := w.request("http://127.0.0.1")
	r.Host = "127.0.0.1"
	answer := httptest.NewRecorder()
	if s.http.Handler.ServeHTTP(answer, r); answer.Code >= http.StatusMultipleChoices {
		t.Fatalf("%s: %d %s", w.name, answer.Code, answer.Body)
	}
}
