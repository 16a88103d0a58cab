// Plugin tck is the target that the conformance kit asks of every SDK (sdk/abi/tck).
package main

import (
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/sdk/target"
)

var (
	greeting string
	times    int
	state    int
)

func init() {
	target.Configure(func(c *target.Config) {
		greeting = c.Required("greeting")
		times = c.Int("times", 1)
	})
	target.Handle(deliver)
}

func main() {}

func say(pairs ...string) { target.Info(greeting, pairs...) }

func deliver(d *target.Delivery) error {
	in := d.Input()
	do, _ := in.Get("do").Text()
	text, _ := in.Get("text").Text()
	switch do {
	case "times":
		say("text", strconv.Itoa(times))
	case "echo":
		say("text", text)
	case "who":
		say("id", d.ID(), "rule", d.Rule(), "attempt", strconv.Itoa(d.Attempt()))
	case "state":
		state++
		say("text", strconv.Itoa(state))
	case "time":
		say("text", strconv.FormatInt(target.Now().UnixMilli(), 10))
	case "random":
		var b [8]byte
		target.Random(b[:])
		say("text", hex.EncodeToString(b[:]))
	case "count":
		target.Count("seen", 2)
	case "emit":
		return target.Emit("tck", "Echo", in.Get("detail"))
	case "kv":
		return keyValue(d)
	case "http":
		url, _ := in.Get("url").Text()
		return post(url, text)
	case "secret":
		return withSecret(d)
	case "aws":
		v, err := target.AWS("sqs", "SendMessage", in.Get("params"))
		if err != nil {
			return err
		}
		id, _ := v.Get("MessageId").Text()
		say("text", id)
	case "fail":
		return target.Fail("NO_CHANNEL", errors.New("there is no such channel"))
	case "retry":
		return target.Retry(errors.New("not today"))
	default:
		return target.Fail("UNKNOWN", errors.New("do what?"))
	}
	return nil
}

func post(url, text string) error {
	r, err := target.HTTP(target.Request{Method: "POST", URL: url, Headers: map[string]string{"content-type": "text/plain"}, Body: []byte(text)})
	if err != nil {
		return err
	}
	say("text", string(r.Body))
	return r.Err()
}

func withSecret(d *target.Delivery) error {
	handle, err := target.Secret("token")
	if err != nil {
		return err
	}
	url, _ := d.Input().Get("url").Text()
	_, err = target.HTTP(target.Request{Method: "GET", URL: url, Headers: map[string]string{"authorization": "Bearer " + handle}})
	return err
}

func keyValue(d *target.Delivery) error {
	if err := target.Put("k/1", d.Input().Get("value"), time.Second); err != nil {
		return err
	}
	old, err := target.Get("k/1")
	if err != nil {
		return err
	}
	first, err := target.Swap("k/1", old, []byte("2"), 0)
	if err != nil {
		return err
	}
	second, err := target.Swap("k/1", old, []byte("3"), 0)
	if err != nil {
		return err
	}
	keys, err := target.List("k/")
	if err != nil {
		return err
	}
	if err := target.Delete("k/1"); err != nil {
		return err
	}
	after, err := target.Get("k/1")
	if err != nil {
		return err
	}
	word := map[bool]string{true: "yes", false: "no"}
	gone := map[bool]string{true: "none", false: "there"}
	say("swapped", word[first]+" "+word[second], "keys", strings.Join(keys, " "), "after", gone[after == nil])
	return nil
}
