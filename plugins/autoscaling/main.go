// Plugin autoscaling changes the capacity of an Amazon EC2 Auto Scaling group: to a
// number, by a number, or as one of the group's policies says.
package main

import (
	"errors"
	"strconv"

	"github.com/tocsin-engine/tocsin/plugins/internal/call"
	"github.com/tocsin-engine/tocsin/sdk/event"
	"github.com/tocsin-engine/tocsin/sdk/target"
)

var (
	group, policy     target.Place
	desired           target.Place
	change            int
	metric, threshold target.Place
	honor             bool
)

func init() {
	target.Configure(configure)
	target.Handle(deliver)
}

func main() {}

func configure(c *target.Config) {
	c.Required("group")
	group = c.Place("group", "")
	desired = number(c, "desired")
	change = c.Int("change", 0)
	policy = c.Place("policy", "")
	metric, threshold = number(c, "metric_value"), number(c, "breach_threshold")
	honor = c.Bool("honor_cooldown", false)
	given := 0
	for _, is := range []bool{!desired.IsZero(), c.Value("change") != nil, !policy.IsZero()} {
		if is {
			given++
		}
	}
	switch {
	case given != 1:
		c.Problem("", "needs one of desired (a number or a place like $.detail.capacity), change (1, -1, …) and policy (a name)")
	case c.Value("change") != nil && change == 0:
		c.Problem("change", "is 0; write how many instances to add, or to take away with a minus")
	case policy.IsZero() && (!metric.IsZero() || !threshold.IsZero()):
		c.Problem("metric_value", "and breach_threshold go with policy")
	}
}

// number reads a config value that is a number, or a place where one stands.
func number(c *target.Config, name string) target.Place {
	v := c.Value(name)
	text := string(v)
	switch v.Kind() {
	case event.Missing, event.Number:
	case event.String:
		text, _ = v.Text()
		if len(text) == 0 || text[0] != '$' {
			c.Problem(name, "is "+string(v)+"; write a number, or a place like $.detail.capacity")
		}
	default:
		c.Problem(name, "is "+v.Kind().String()+"; write a number, or a place like $.detail.capacity")
	}
	p, problem := target.ParsePlace(text)
	if problem != "" {
		c.Problem(name, problem)
	}
	return p
}

func deliver(d *target.Delivery) error {
	name := group.Text(d)
	if name == "" {
		return target.Fail("", errors.New("the event has no group where config.group says; write the group's name, or another place"))
	}
	switch {
	case !policy.IsZero():
		return execute(name, d)
	case !desired.IsZero():
		n, err := strconv.Atoi(desired.Text(d))
		if err != nil {
			return target.Fail("", errors.New("config.desired is no whole number in this event: "+desired.Text(d)))
		}
		return set(name, n)
	}
	return add(name)
}

func set(name string, n int) error {
	params := target.NewObject().Text("AutoScalingGroupName", name).Int("DesiredCapacity", int64(n))
	if honor {
		params.Bool("HonorCooldown", true)
	}
	_, err := call.Do("", "autoscaling", "SetDesiredCapacity", params.JSON())
	return err
}

func execute(name string, d *target.Delivery) error {
	params := target.NewObject().Text("AutoScalingGroupName", name).Text("PolicyName", policy.Text(d))
	if honor {
		params.Bool("HonorCooldown", true)
	}
	for _, p := range []target.NamedPlace{{Name: "MetricValue", Place: metric}, {Name: "BreachThreshold", Place: threshold}} {
		if p.IsZero() {
			continue
		}
		text := p.Text(d)
		if event.Check([]byte(text)) != nil || event.Value(text).Kind() != event.Number {
			return target.Fail("", errors.New(p.Name+" is no number in this event: "+text))
		}
		params.Value(p.Name, event.Value(text))
	}
	_, err := call.Do("", "autoscaling", "ExecutePolicy", params.JSON())
	return err
}

// add changes the capacity by a number, within the group's bounds. Between the look and
// the change somebody else may change it too; Auto Scaling has no call that does both.
func add(name string) error {
	params := target.NewObject().Texts("AutoScalingGroupNames", name)
	v, err := call.Do("", "autoscaling", "DescribeAutoScalingGroups", params.JSON())
	if err != nil {
		return err
	}
	for g := range v.Get("AutoScalingGroups").Items() {
		have, _ := g.Get("DesiredCapacity").Float()
		low, _ := g.Get("MinSize").Float()
		high, _ := g.Get("MaxSize").Float()
		want := min(max(int(have)+change, int(low)), int(high))
		if want == int(have) {
			target.Info("the group is at its bound", "group", name, "capacity", strconv.Itoa(want))
			return nil
		}
		return set(name, want)
	}
	return target.Fail(call.NoResource, errors.New("there is no Auto Scaling group "+name))
}
