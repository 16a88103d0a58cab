package call

import (
	"errors"
	"strconv"

	"github.com/tocsin-engine/tocsin/sdk/event"
	"github.com/tocsin-engine/tocsin/sdk/target"
)

// Limits are those of a service's batch call.
type Limits struct {
	Entries, Bytes int
	// Overhead is what an entry has beside its body, generously.
	Overhead int
}

// Send gives deliveries to send, as many at once as the limits allow. An error of a call is
// that of its deliveries, whatever becomes of the others.
func (l Limits) Send(ds []*target.Delivery, send func([]*target.Delivery) error) {
	size := func(d *target.Delivery) int { return len(d.Input()) + l.Overhead }
	for _, some := range Chunks(ds, l.Entries, l.Bytes, size) {
		if err := send(some); err != nil {
			for _, d := range some {
				d.Fail(err)
			}
		}
	}
}

// Chunks cuts deliveries into batches of at most n, and of at most bytes as size counts
// them. One that is larger by itself stands alone: the service says that it is.
func Chunks(ds []*target.Delivery, n, bytes int, size func(*target.Delivery) int) [][]*target.Delivery {
	var out [][]*target.Delivery
	start, sum := 0, 0
	for i, d := range ds {
		s := size(d)
		if i > start && (i-start == n || sum+s > bytes) {
			out = append(out, ds[start:i])
			start, sum = i, 0
		}
		sum += s
	}
	if start < len(ds) {
		out = append(out, ds[start:])
	}
	return out
}

// Entries are those of a batch call of SNS or SQS. An entry's id is its place in the batch.
func Entries(ds []*target.Delivery, entry func(id string, d *target.Delivery) *target.Object) []*target.Object {
	entries := make([]*target.Object, len(ds))
	for i, d := range ds {
		entries[i] = entry(strconv.Itoa(i), d)
	}
	return entries
}

// Refused fails the deliveries whose entries the answer of SNS or SQS says it did not take.
func Refused(service, action string, answer event.Value, ds []*target.Delivery) error {
	for f := range answer.Get("Failed").Items() {
		id, _ := f.Get("Id").Text()
		i, err := strconv.Atoi(id)
		if err != nil || i < 0 || i >= len(ds) {
			return target.Retry(errors.New(action + " names an entry that was not sent: " + id))
		}
		code, _ := f.Get("Code").Text()
		message, _ := f.Get("Message").Text()
		ds[i].Fail(Meaning(&target.AWSError{Call: service + "." + action, Code: code, Message: message, Retry: !f.Get("SenderFault").IsTrue()}))
	}
	return nil
}
