// Plugin log writes each delivery's input to Tocsin's log: the target to begin with.
package main

import "github.com/tocsin-engine/tocsin/sdk/target"

var level, message string

func init() {
	target.Configure(configure)
	target.Handle(deliver)
}

func main() {}

func configure(c *target.Config) {
	message = c.Text("message", "event")
	switch level = c.Text("level", "info"); level {
	case "debug", "info", "warn", "error":
	default:
		c.Problem("level", "is "+level+"; write debug, info, warn or error")
	}
}

func deliver(d *target.Delivery) error {
	write := target.Info
	switch level {
	case "debug":
		write = target.Debug
	case "warn":
		write = target.Warn
	case "error":
		write = target.Error
	}
	write(message, "rule", d.Rule(), "input", string(d.Input()))
	return nil
}
