package call

import (
	"encoding/hex"
	"hash/fnv"
	"strings"

	"github.com/tocsin-engine/tocsin/sdk/event"
	"github.com/tocsin-engine/tocsin/sdk/target"
)

// Body is the input as EventBridge sends it: JSON, a text in its quotes. A template of
// several lines makes texts that are no JSON together; they reach a guest as one string
// and leave it as the lines they were.
func Body(d *target.Delivery) string {
	text, ok := d.Input().Text()
	if !ok || !strings.Contains(text, "\n") {
		return string(d.Input())
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if event.Check([]byte(line)) != nil || event.Value(line).Kind() != event.String {
			return string(d.Input())
		}
	}
	return text
}

// Attributes adds the attributes of a message of SNS or SQS; none that has no text in this
// event.
func Attributes(o *target.Object, attributes []target.NamedPlace, d *target.Delivery) {
	named, some := target.NewObject(), false
	for _, a := range attributes {
		if text := a.Text(d); text != "" {
			named.Object(a.Name, target.NewObject().Text("DataType", "String").Text("StringValue", text))
			some = true
		}
	}
	if some {
		o.Object("MessageAttributes", named)
	}
}

// IsFIFO says whether a queue or topic of that name keeps the order of its messages.
func IsFIFO(name string) bool { return strings.HasSuffix(name, ".fifo") }

// CheckFIFO notes what a config with a queue or topic of that name needs besides, or has
// too much; kind is "queue" or "topic".
func CheckFIFO(c *target.Config, kind, name string, group, dedup target.Place) {
	switch {
	case IsFIFO(name) && group.IsZero():
		c.Problem("message_group_id", "is missing and "+name+" is a FIFO "+kind+"; write a name or a place like $.detail.id")
	case !IsFIFO(name) && !dedup.IsZero():
		c.Problem("message_deduplication_id", "is for FIFO "+kind+"s, whose names end in .fifo; leave it out")
	}
}

// GroupID is the rule's name where an event has no group of its own: a FIFO queue or topic
// takes no message without one.
func GroupID(group target.Place, d *target.Delivery) string {
	if text := group.Text(d); text != "" {
		return text
	}
	return d.Rule()
}

// DeduplicationID is what the config says. Without that it is the same over all attempts of
// a delivery and no other's, so that a FIFO queue or topic drops what an attempt repeats. A
// delivery's own id may be longer than the 128 characters that these take.
func DeduplicationID(dedup target.Place, d *target.Delivery) string {
	if !dedup.IsZero() {
		return dedup.Text(d)
	}
	h := fnv.New128a()
	h.Write([]byte(d.ID()))
	return hex.EncodeToString(h.Sum(nil))
}
