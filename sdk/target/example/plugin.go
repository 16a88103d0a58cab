// Plugin big-order tells a webhook about orders of a certain size. The same target stands
// in every other language beside it: ../rust/example, ../c/example and so on.
package main

import (
	"errors"

	"github.com/tocsin-engine/tocsin/sdk/target"
)

// What the target's config says. It is read once and kept for every delivery; what a
// delivery itself changes is gone before the next one.
var (
	url     string
	atLeast int
)

func init() {
	target.Configure(configure)
	target.Handle(deliver)
}

func main() {}

func configure(c *target.Config) {
	url = c.Required("url")
	atLeast = c.Int("at_least", 1000)
}

// deliver takes one event. An error is tried again later; target.Fail gives up at once.
func deliver(d *target.Delivery) error {
	id, _ := d.Input().Get("detail", "id").Text()
	amount := d.Input().Get("detail", "amount")
	n, ok := amount.Float()
	if !ok {
		return target.Fail("NO_AMOUNT", errors.New("detail.amount is no number"))
	}
	if n < float64(atLeast) {
		return nil
	}
	answer, err := target.HTTP(target.Request{
		Method:  "POST",
		URL:     url,
		Headers: map[string]string{"content-type": "application/json"},
		Body:    target.NewObject().Text("order", id).Value("amount", amount).JSON(),
	})
	if err != nil {
		return err
	}
	target.Info("a big order", "order", id)
	return answer.Err()
}
