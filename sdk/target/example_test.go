package target_test

import (
	"fmt"

	"github.com/tocsin-engine/tocsin/sdk/event"
	"github.com/tocsin-engine/tocsin/sdk/target"
)

// A whole target: it tells a channel about an order.
func Example() {
	var url string
	target.Configure(func(c *target.Config) { url = c.Required("url") })
	target.Handle(func(d *target.Delivery) error {
		id, ok := d.Event().Get("detail", "id").Text()
		if !ok {
			return target.Fail("NO_ORDER", fmt.Errorf("the event has no detail.id"))
		}
		answer, err := target.HTTP(target.Request{
			Method: "POST",
			URL:    url,
			Body:   target.NewObject().Text("text", "order "+id).JSON(),
		})
		if err != nil {
			return err
		}
		return answer.Err()
	})
}

// Objects are written member by member; numbers of an event keep every digit.
func ExampleObject() {
	detail := event.Value(`{"amount": 12345678901234567890.10, "tags": ["a", "b"]}`)
	fmt.Println(string(target.NewObject().
		Text("text", `a "large" order`).
		Value("amount", detail.Get("amount")).
		Object("meta", target.NewObject().Int("version", 1)).
		JSON()))
	// Output: {"text":"a \"large\" order","amount":12345678901234567890.10,"meta":{"version":1}}
}
