// Guest caller makes the host calls that its event lists, for the tests of the sandbox.
package main

import (
	"errors"

	"github.com/tocsin-engine/tocsin/sdk/target"
)

var url string

func init() {
	target.Configure(func(c *target.Config) { url = c.Text("url", "") })
	target.Handle(deliver)
}

func main() {}

func deliver(d *target.Delivery) error {
	var problems []error
	for call := range d.Event().Get("calls").Items() {
		f, _ := call.Get("f").Text()
		arg, _ := call.Get("arg").Text()
		if err := do(f, arg); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

func do(f, arg string) error {
	switch f {
	case "aws":
		_, err := target.AWS("sqs", arg, target.NewObject().Text("QueueUrl", "http://h/000000000000/orders").JSON())
		return err
	case "http":
		r, err := target.HTTP(target.Request{Method: "POST", URL: arg, Body: []byte("{}")})
		if err == nil {
			target.Info("answered", "body", string(r.Body))
		}
		return err
	case "secret":
		h, err := target.Secret("TOKEN")
		if err != nil {
			return err
		}
		_, err = target.HTTP(target.Request{Method: "POST", URL: "https://a.example/", Headers: map[string]string{"authorization": "Bearer " + h}, Body: []byte(arg)})
		return err
	case "secret named":
		_, err := target.Secret(arg)
		return err
	case "config":
		_, err := target.HTTP(target.Request{Method: "POST", URL: url})
		return err
	case "emit":
		return target.Emit(arg, "Test", target.NewObject().JSON())
	case "count":
		target.Count(arg, 2)
	case "kv":
		return kv(arg)
	}
	return nil
}

func kv(key string) error {
	if err := target.Put(key, []byte(`{"n":1}`), 0); err != nil {
		return err
	}
	old, err := target.Get(key)
	if err != nil {
		return err
	}
	swapped, err := target.Swap(key, old, []byte("2"), 0)
	if err != nil || !swapped {
		return errors.Join(err, errors.New("not swapped"))
	}
	keys, err := target.List("")
	if err != nil || len(keys) != 1 {
		return errors.Join(err, errors.New("not listed"))
	}
	return target.Delete(key)
}
