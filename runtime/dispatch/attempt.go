package dispatch

import (
	"context"
	"sync"

	"github.com/tocsin-engine/tocsin/runtime/store"
)

// Pending is a delivery that stands in no log.
type Pending struct {
	Rule  string
	Entry store.Entry
}

// Expired is the code of a delivery that was not tried because the time was up.
const Expired = "DEADLINE"

// Attempt makes one attempt at each delivery to a target and tells what came of it, in
// their order: Delivered, Dead for what cannot be mended by another try, or Retried for
// what should be tried again. It reads no log and settles nothing: it is for a host
// whose sender does the retrying. What is not begun when ctx ends is not tried.
func (d *Dispatcher) Attempt(ctx context.Context, target string, pending []Pending) []Report {
	d.mu.Lock()
	l := d.lane(target)
	d.mu.Unlock()
	l.mu.Lock()
	spec := l.spec
	l.mu.Unlock()
	reports := make([]Report, len(pending))
	slots := make(chan struct{}, spec.concurrency())
	var calls sync.WaitGroup
	for i := 0; i < len(pending); i += spec.batch() {
		slots <- struct{}{}
		chunk, out := pending[i:min(i+spec.batch(), len(pending))], reports[i:]
		calls.Go(func() {
			l.attempt(ctx, spec, chunk, out)
			<-slots
		})
	}
	calls.Wait()
	for _, r := range reports {
		d.observe(r)
	}
	return reports
}

// attempt tries one batch.
func (l *lane) attempt(ctx context.Context, spec *TargetSpec, pending []Pending, reports []Report) {
	var calls []Delivery
	var of []int
	began := l.d.now()
	for i, p := range pending {
		it := p.item()
		call, code, message := l.prepare(spec, it)
		if code == "" && ctx.Err() == nil {
			calls, of = append(calls, call), append(of, i)
			continue
		}
		reports[i] = Report{Kind: Dead, Target: l.name, Rule: p.Rule, Entry: p.Entry, Attempt: 1, At: began, Code: code, Message: message}
		if code == "" {
			reports[i].Kind, reports[i].Code, reports[i].Message = Retried, Expired, "the time was up before it was tried"
		}
	}
	if len(calls) == 0 {
		return
	}
	for j, o := range l.call(ctx, spec.Runner, calls) {
		reports[of[j]] = l.report(pending[of[j]].item(), o, began)
	}
}

func (p Pending) item() item {
	return item{RetryID: store.RetryID{Seq: p.Entry.Seq, Rule: p.Rule}, entry: p.Entry}
}
