package target

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadBatch(t *testing.T) {
	type seen struct {
		ID, Rule, Event, Input string
		Attempt                int
	}
	for _, tc := range []struct {
		name, batch string
		want        []seen
	}{
		{"as the host writes it", `{"v":1,"target":"t","delivery":"d","deadline_ms":5000,"records":[{"id":"1","attempt":2,"rule":"r","event":{"a":"]}"}},` +
			`{"id":"2","attempt":1,"rule":"q","event":{},"input":[1,{"b":2}]}]}`,
			[]seen{{"1", "r", `{"a":"]}"}`, `{"a":"]}"}`, 2}, {"2", "q", `{}`, `[1,{"b":2}]`, 1}}},
		{"spaced and in another order", "{ \"records\" : [ { \"event\" : {\"x\":1} , \"id\" : \"a\" } ] , \"v\" : 1 }", []seen{{"a", "", `{"x":1}`, `{"x":1}`, 0}}},
		{"none", `{"records":[]}`, nil},
		{"members of later versions", `{"later":{"records":[1]},"records":[{"id":"1","later":[{}],"event":{}}]}`, []seen{{"1", "", "{}", "{}", 0}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []seen
			for _, d := range read([]byte(tc.batch)) {
				got = append(got, seen{d.ID(), d.Rule(), string(d.Event()), string(d.Input()), d.Attempt()})
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("deliveries (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatErrorsMean(t *testing.T) {
	batch := []byte(`{"v":1,"records":[{"id":"1","event":{}},{"id":"2","event":{}}]}`)
	defer func(before func([]*Delivery) error) { handle = before }(handle)
	plain := errors.New("no")
	for _, tc := range []struct {
		name string
		err  error
		want string
	}{
		{"nothing", nil, `{}`},
		{"a plain error", plain, `{"failures":[{"id":"1","retry":true,"error":"no"}]}`},
		{"retry", Retry(plain), `{"failures":[{"id":"1","retry":true,"error":"no"}]}`},
		{"fail", Fail("GONE", plain), `{"failures":[{"id":"1","retry":false,"error":"no","code":"GONE"}]}`},
		{"a refused host call", &HostError{"http GET x", 1}, `{"failures":[{"id":"1","retry":false,"error":"http GET x: not granted to this target"}]}`},
		{"a busy host", &HostError{"aws x", 6}, `{"failures":[{"id":"1","retry":true,"error":"aws x: over a rate limit, later it may pass"}]}`},
		{"a throttled service", &AWSError{"sqs.SendMessage", "Throttling", "slow", true}, `{"failures":[{"id":"1","retry":true,"error":"aws sqs.SendMessage: Throttling: slow"}]}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			Handle(func(d *Delivery) error {
				if d.ID() == "1" {
					return tc.err
				}
				return nil
			})
			if got := string(runHandle(batch)); got != tc.want {
				t.Errorf("answer %s, want %s", got, tc.want)
			}
		})
	}
	HandleBatch(func(ds []*Delivery) error { ds[0].Fail(Fail("ONE", plain)); return plain })
	want := `{"failures":[{"id":"1","retry":false,"error":"no","code":"ONE"},{"id":"2","retry":true,"error":"no"}]}`
	if got := string(runHandle(batch)); got != want {
		t.Errorf("answer of a batch %s, want %s", got, want)
	}
}

func TestObject(t *testing.T) {
	got := string(NewObject().Text("a", "\"\n").Int("b", -1).Bool("c", true).Value("none", nil).Object("d", NewObject()).
		Objects("e", NewObject().Int("x", 1), NewObject()).Texts("f", "1", "2").JSON())
	want := `{"a":"\"\n","b":-1,"c":true,"d":{},"e":[{"x":1},{}],"f":["1","2"]}`
	if got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
