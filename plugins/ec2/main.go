// Plugin ec2 stops, starts, reboots or terminates Amazon EC2 instances: those that the
// config lists, or that the event names.
package main

import (
	"errors"
	"strings"

	"github.com/tocsin-engine/tocsin/plugins/internal/call"
	"github.com/tocsin-engine/tocsin/sdk/event"
	"github.com/tocsin-engine/tocsin/sdk/target"
)

var (
	action string
	fixed  []string
	place  target.Place
)

// actions are the API's names of what a config may say.
var actions = [][2]string{
	{"stop", "StopInstances"}, {"start", "StartInstances"}, {"reboot", "RebootInstances"}, {"terminate", "TerminateInstances"},
}

func init() {
	target.Configure(configure)
	target.Handle(deliver)
}

func main() {}

func configure(c *target.Config) {
	asked := c.Required("action")
	action = ""
	for _, a := range actions {
		if a[0] == asked {
			action = a[1]
		}
	}
	if action == "" && asked != "" {
		c.Problem("action", "is "+asked+"; write stop, start, reboot or terminate")
	}
	fixed, place = nil, target.Place{}
	switch v := c.Value("instances"); v.Kind() {
	case event.String:
		text, _ := v.Text()
		if !strings.HasPrefix(text, "$") {
			c.Problem("instances", "is "+text+"; write a list of instance ids, or a place like $.detail.instance-id")
			return
		}
		var problem string
		if place, problem = target.ParsePlace(text); problem != "" {
			c.Problem("instances", problem)
		}
	case event.Array:
		for item := range v.Items() {
			id, _ := item.Text()
			if !isID(id) {
				c.Problem("instances", "has "+string(item)+", which is no instance id; write i-0123456789abcdef0")
			}
			fixed = append(fixed, id)
		}
		if fixed == nil {
			c.Problem("instances", "is empty; write a list of instance ids, or a place like $.detail.instance-id")
		}
	case event.Missing:
		c.Problem("instances", "is missing; write a list of instance ids, or a place like $.detail.instance-id")
	default:
		c.Problem("instances", "is "+v.Kind().String()+"; write a list of instance ids, or a place like $.detail.instance-id")
	}
}

// isID says whether text has an instance id's form: i- and 8 or 17 hexadecimal digits.
func isID(text string) bool {
	digits, ok := strings.CutPrefix(text, "i-")
	return ok && (len(digits) == 8 || len(digits) == 17) && strings.Trim(digits, "0123456789abcdef") == ""
}

func deliver(d *target.Delivery) error {
	ids := fixed
	if ids == nil {
		ids = named(place.Value(d))
	}
	if len(ids) == 0 {
		return target.Fail(call.NoResource, errors.New("the event names no instance where config.instances says"))
	}
	for _, id := range ids {
		if !isID(id) {
			return target.Fail(call.NoResource, errors.New("the event names "+id+", which is no instance id"))
		}
	}
	_, err := call.Do("", "ec2", action, target.NewObject().Texts("InstanceIds", ids...).JSON())
	return err
}

// named reads an id or a list of them. An ARN counts as the id at its end.
func named(v event.Value) (ids []string) {
	if v.Kind() != event.Array {
		v = event.Value("[" + string(v) + "]")
	}
	for item := range v.Items() {
		text, ok := item.Text()
		if !ok {
			text = string(item)
		}
		ids = append(ids, text[strings.LastIndexByte(text, '/')+1:])
	}
	return ids
}
