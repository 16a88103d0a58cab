package server

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/archive"
)

// ids reads the ids of dead letters from an answer.
func ids(answer map[string]any) (out []int) {
	list, _ := answer["dead_letters"].([]any)
	for _, l := range list {
		out = append(out, int(l.(map[string]any)["id"].(float64)))
	}
	return out
}

func TestDeadLettersAreMoved(t *testing.T) {
	w := newWorld(t, nil)
	for i := range 3 {
		w.do("POST", "/api/v1/events", fmt.Sprintf(`{"id":"e%d","source":"shop","detail-type":"Order","detail":{"n":1000}}`, i))
	}
	w.deliver()
	_, answer := w.do("GET", "/api/v1/dead-letters?rule=big&since="+url.QueryEscape(time.Now().Add(-time.Hour).Format(time.RFC3339)), "")
	all := ids(answer)
	if len(all) != 3 {
		t.Fatalf("dead letters %v, want three", all)
	}
	for _, none := range []string{"rule=orders", "queue=q", "since=2099-01-01T00:00:00Z", "target=works"} {
		if _, answer := w.do("GET", "/api/v1/dead-letters?"+none, ""); len(ids(answer)) > 0 {
			t.Errorf("%s gives %v", none, ids(answer))
		}
	}
	_, answer = w.do("GET", "/api/v1/dead-letters?limit=2", "")
	if got, next := ids(answer), answer["next"]; len(got) != 2 || next != float64(got[1]) {
		t.Errorf("a page is %v, next %v", got, next)
	}
	_, answer = w.do("GET", fmt.Sprint("/api/v1/dead-letters/", all[1]), "")
	want(t, answer, "event.id", "e1")
	want(t, answer, "code", "NO_PERMISSIONS")
	_, answer = w.do("POST", "/api/v1/dead-letters/purge", fmt.Sprintf(`{"ids":[%d,999]}`, all[0]))
	want(t, answer, "purged", "1")
	_, answer = w.do("POST", "/api/v1/dead-letters/redrive", fmt.Sprintf(`{"ids":[%d]}`, all[1]))
	want(t, answer, "redriven", "1")
	w.deliver()
	_, answer = w.do("GET", "/api/v1/dead-letters", "")
	if got := ids(answer); len(got) != 2 || got[0] != all[2] || got[1] <= all[2] {
		t.Errorf("after a purge and a redrive that fails again: %v, before %v", got, all)
	}
	for _, bad := range []struct{ method, path, body string }{
		{"GET", "/api/v1/dead-letters/0", ""}, {"GET", "/api/v1/dead-letters/x", ""}, {"GET", "/api/v1/dead-letters?since=yesterday", ""},
		{"POST", "/api/v1/dead-letters/purge", `{"ids":[]}`}, {"POST", "/api/v1/dead-letters/redrive", `[1]`},
	} {
		if status, answer := w.do(bad.method, bad.path, bad.body); status != 400 && status != 404 {
			t.Errorf("%s %s gives %d %v", bad.method, bad.path, status, answer)
		}
	}
}

func TestArchivesAndReplays(t *testing.T) {
	w := newWorld(t, nil)
	if _, err := w.archives.Create(t.Context(), archive.Archive{Name: "all", Bus: "default"}); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		w.do("POST", "/api/v1/events", fmt.Sprintf(`{"id":"e%d","source":"shop","detail-type":"Order","detail":{"n":%d}}`, i, 60*i))
	}
	_, answer := w.do("GET", "/api/v1/archives", "")
	want(t, answer, "archives.0.name", "all")
	want(t, answer, "archives.0.events", "3")
	_, answer = w.do("GET", "/api/v1/archives/all", "")
	want(t, answer, "state", "enabled")
	since := time.Now().Add(-time.Hour).Format(time.RFC3339)
	body := fmt.Sprintf(`{"name":"r","archive":"all","since":%q,"rules":["big","orders"]`, since)
	_, answer = w.do("POST", "/api/v1/replays", body+`,"dry_run":true}`)
	want(t, answer, "events", "3")
	want(t, answer, "matched.orders", "3")
	want(t, answer, "matched.big", "1")
	_, answer = w.do("POST", "/api/v1/replays", body+`}`)
	want(t, answer, "state", "starting")
	if _, err := w.archives.Step(t.Context(), w.engine); err != nil {
		t.Fatal(err)
	}
	_, answer = w.do("GET", "/api/v1/replays/r", "")
	want(t, answer, "state", "completed")
	want(t, answer, "events", "3")
	_, answer = w.do("GET", "/api/v1/replays", "")
	want(t, answer, "replays.0.name", "r")
	for path, body := range map[string]string{
		"replays":                fmt.Sprintf(`{"archive":"nope","since":%q}`, since),
		"replays/r/cancel":       "",
		"replays/nope/cancel":    "",
		"archives/nope/delete":   "",
		"replays?again":          body + "}",
		"replays?without-window": `{"archive":"all","since":"2099-01-01T00:00:00Z"}`,
		"replays?without-rule":   fmt.Sprintf(`{"archive":"all","since":%q,"rules":["nope"]}`, since),
	} {
		if status, answer := w.do("POST", "/api/v1/"+path, body); status != 400 && status != 404 {
			t.Errorf("POST %s gives %d %v", path, status, answer)
		}
	}
	if status, answer := w.do("POST", "/api/v1/archives/all/delete", ""); status != 200 {
		t.Errorf("delete gives %d %v", status, answer)
	}
}
