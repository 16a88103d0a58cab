package server

import (
	"encoding/json"
	"net"
	"net/http"
	"strconv"

	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/exposition"
)

// metrics answers GET /metrics in Prometheus's text format.
//
// A scraper signs nothing. So this path is open to this machine; others give an access
// key and its secret as HTTP basic authentication.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) {
	if !s.mayScrape(r) {
		w.Header().Set("WWW-Authenticate", `Basic realm="tocsin"`)
		s.fail(w, &apiError{Status: http.StatusUnauthorized, Code: "forbidden", Message: "give an access key and its secret as basic authentication"})
		return
	}
	status, err := s.c.Engine.Status(r.Context())
	if err != nil {
		s.fail(w, err)
		return
	}
	w.Header().Set("Content-Type", exposition.ContentType)
	_ = exposition.Write(w, s.families(status, s.c.Engine.Stats())) // the scraper is gone: nobody is left to tell
}

func (s *Server) mayScrape(r *http.Request) bool {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil && net.ParseIP(host).IsLoopback() {
		return true
	}
	key, secret, ok := r.BasicAuth()
	return ok && s.c.knows(key, secret)
}

// families are all metrics. API.md lists their names, held by a test.
func (s *Server) families(status engine.Status, n engine.Stats) []exposition.Family {
	all := []exposition.Family{
		one("tocsin_build_info", "The version that runs.", exposition.Gauge, 1, "version", s.c.Version),
		one("tocsin_start_time_seconds", "When the engine started, in seconds since 1970.", exposition.Gauge, float64(status.Started.Unix())),
		one("tocsin_reload_ok", "1 while the rules on disk are in force, 0 after a reload that failed.", exposition.Gauge, truth(status.Reload.Failures == 0)),
		one("tocsin_rules", "Rules that are enabled.", exposition.Gauge, float64(status.Enabled)),
		one("tocsin_events_received_total", "Events that came in.", exposition.Counter, float64(n.Received)),
		one("tocsin_events_duplicate_total", "Events that had come in before.", exposition.Counter, float64(n.Duplicates)),
		one("tocsin_events_matched_total", "Events that some rule matched.", exposition.Counter, float64(n.Matched)),
		one("tocsin_events_unmatched_total", "Events that no rule matched.", exposition.Counter, float64(n.Unmatched)),
		one("tocsin_loops_cut_total", "Events not matched because they had come round too often.", exposition.Counter, float64(n.LoopsCut)),
		one("tocsin_dead_letters", "Dead letters that are kept.", exposition.Gauge, float64(status.Kept.DeadLetters)),
		one("tocsin_dead_letters_lost_total", "Dead letters dropped for want of room, by a store in memory.", exposition.Counter, float64(status.Kept.DeadLettersLost)),
		one("tocsin_store_bytes", "Room that the store takes.", exposition.Gauge, float64(status.Kept.Bytes)),
		one("tocsin_store_entries", "Events in the store's log.", exposition.Gauge, float64(status.Kept.Entries)),
		one("tocsin_store_full", "1 while the disk is full and senders are throttled.", exposition.Gauge, truth(status.Kept.Full)),
		one("tocsin_store_stalled", "1 while there is no room for settlements either, and deliveries wait.", exposition.Gauge, truth(status.Kept.Stalled)),
		one("tocsin_store_damaged_total", "Rows and pages found to be not what was written.", exposition.Counter, float64(status.Kept.Damaged)),
		one("tocsin_bodies_bytes", "Bytes of request bodies that are being worked on.", exposition.Gauge, float64(s.budget.Used())),
	}
	all = append(all, ruleFamilies(n.Rules)...)
	all = append(all, targetFamilies(n.Targets, status)...)
	return append(all, unmatchedFamily(n), s.doorFamily())
}

// one is a family with one sample.
func one(name, help string, kind exposition.Kind, value float64, labels ...string) exposition.Family {
	f := exposition.Family{Name: name, Help: help, Kind: kind}
	f.Add(value, labels...)
	return f
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func ruleFamilies(rules map[string]engine.RuleStats) []exposition.Family {
	matched := exposition.Family{Name: "tocsin_rule_matched_total", Help: "Events that a rule matched.", Kind: exposition.Counter}
	held := exposition.Family{Name: "tocsin_rule_held_total", Help: "Matches that once_per held back.", Kind: exposition.Counter}
	errs := exposition.Family{Name: "tocsin_rule_when_errors_total", Help: "Events on which a rule's expression failed, which is no match.", Kind: exposition.Counter}
	for name, r := range rules {
		matched.Add(float64(r.Matched), "rule", name)
		held.Add(float64(r.Held), "rule", name)
		errs.Add(float64(r.WhenErrors), "rule", name)
	}
	return []exposition.Family{matched, held, errs}
}

func targetFamilies(targets map[string]engine.TargetStats, status engine.Status) []exposition.Family {
	attempts := exposition.Family{Name: "tocsin_deliveries_total", Help: "Attempts at deliveries by their result: delivered, retried, dead, dead_letter_queue_failed.", Kind: exposition.Counter}
	start := exposition.Family{Name: "tocsin_delivery_start_seconds", Help: "How long events had waited for their first attempt since they were received.", Kind: exposition.Summary}
	for name, t := range targets {
		attempts.Add(float64(t.Delivered), "target", name, "result", "delivered")
		attempts.Add(float64(t.Retried), "target", name, "result", "retried")
		attempts.Add(float64(t.Dead), "target", name, "result", "dead")
		attempts.Add(float64(t.QueueFailed), "target", name, "result", "dead_letter_queue_failed")
		start.AddSummary(t.FirstAttempts, t.StartSeconds, "target", name)
	}
	unread := exposition.Family{Name: "tocsin_target_unread", Help: "Events that a target has yet to settle.", Kind: exposition.Gauge}
	retries := exposition.Family{Name: "tocsin_target_retries", Help: "Deliveries that wait for another attempt, or behind one with their order key.", Kind: exposition.Gauge}
	dying := exposition.Family{Name: "tocsin_target_dying", Help: "Dead deliveries whose dead-letter queue has not taken them yet.", Kind: exposition.Gauge}
	lag := exposition.Family{Name: "tocsin_target_lag_seconds", Help: "How long the oldest event has waited that a target has yet to try.", Kind: exposition.Gauge}
	for _, l := range status.Kept.Lanes {
		unread.Add(float64(l.Unread), "target", l.Target)
		retries.Add(float64(l.Retries), "target", l.Target)
		dying.Add(float64(l.Dying), "target", l.Target)
		lag.Add(status.Lag[l.Target], "target", l.Target)
	}
	return []exposition.Family{attempts, start, unread, retries, dying, lag}
}

// maxUnmatchedTypes bounds the series of unmatched events; /api/v1/status has all.
const maxUnmatchedTypes = 100

func unmatchedFamily(n engine.Stats) exposition.Family {
	f := exposition.Family{Name: "tocsin_unmatched_type_total", Help: "Unmatched events of the most frequent kinds.", Kind: exposition.Counter}
	for i, t := range n.UnmatchedTypes {
		if i == maxUnmatchedTypes {
			break
		}
		f.Add(float64(t.Count), "source", t.Source, "detail_type", t.DetailType)
	}
	return f
}

// doorFamily is what the doors count, as the status shows it.
func (s *Server) doorFamily() exposition.Family {
	f := exposition.Family{Name: "tocsin_door_total", Help: "What a door counts: see doors in /api/v1/status.", Kind: exposition.Counter}
	for door, counts := range s.doors() {
		text, err := json.Marshal(counts)
		if err != nil {
			panic("BUG: " + err.Error()) // plain structs
		}
		var members map[string]json.RawMessage
		if json.Unmarshal(text, &members) != nil {
			continue // a number of its own: tocsin_bodies_bytes
		}
		for name, v := range members {
			if n, err := strconv.ParseFloat(string(v), 64); err == nil {
				f.Add(n, "door", door, "counter", name)
			}
		}
	}
	return f
}
