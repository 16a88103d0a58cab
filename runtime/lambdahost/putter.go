package lambdahost

import (
	"context"
	"errors"
	"fmt"

	"github.com/tocsin-engine/tocsin/runtime/service"
)

// Putter takes in events that clients send to a function's URL: they are delivered before
// the client is answered, because nothing here would deliver them later.
func Putter(e Engine) service.Putter { return putter{e} }

type putter struct{ engine Engine }

// Put delivers. If anything failed all of it has: the client sends all of it again.
func (p putter) Put(ctx context.Context, submissions []service.Submission) ([]service.Receipt, error) {
	if err := errors.Join(p.engine.Act(ctx, submissions)...); err != nil {
		return nil, fmt.Errorf("not everything was delivered: %w", err)
	}
	receipts := make([]service.Receipt, len(submissions))
	for i, s := range submissions {
		receipts[i] = service.Receipt{ID: s.Event.ID}
	}
	return receipts, nil
}
