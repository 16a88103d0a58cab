// Plugin webhook sends each delivery's input as the body of an HTTP request.
package main

import (
	"strings"

	"github.com/tocsin-engine/tocsin/sdk/event"
	"github.com/tocsin-engine/tocsin/sdk/target"
)

var request target.Request

func init() {
	target.Configure(configure)
	target.Handle(deliver)
}

func main() {}

func configure(c *target.Config) {
	request = target.Request{URL: c.Required("url"), Method: c.Text("method", "POST")}
	if request.URL != "" && !isAddress(request.URL) {
		c.Problem("url", "is "+request.URL+"; write https://… or http://…")
	}
	if request.Method != "POST" && request.Method != "PUT" && request.Method != "PATCH" {
		c.Problem("method", "is "+request.Method+"; write POST, PUT or PATCH")
	}
	request.Headers = map[string]string{"content-type": "application/json"}
	headers := c.Value("headers")
	if headers != nil && headers.Kind() != event.Object {
		c.Problem("headers", "is "+headers.Kind().String()+"; write an object of strings")
	}
	for name, value := range headers.Members() {
		text, ok := value.Text()
		if !ok {
			c.Problem("headers."+name, "is "+value.Kind().String()+"; write a string")
		}
		request.Headers[strings.ToLower(name)] = text
	}
}

// isAddress takes a handle too: the URL of a webhook is often the secret itself.
func isAddress(s string) bool {
	return strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "{{secret:")
}

func deliver(d *target.Delivery) error {
	r := request
	r.Body = d.Input()
	response, err := target.HTTP(r)
	if err != nil {
		return err
	}
	if err := response.Err(); err != nil {
		target.Warn("the webhook did not take it", "url", r.URL, "error", err.Error(), "answer", first(response.Body, 200))
		return err
	}
	return nil
}

func first(b []byte, n int) string {
	if len(b) > n {
		b = b[:n]
	}
	return strings.ToValidUTF8(string(b), "")
}
