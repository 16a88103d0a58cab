package lambdahost

import (
	"context"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
)

// NewStore is the store of a function: its log is in memory and stays empty, because
// engine.Act appends nothing; what must be remembered over invocations is in state,
// outside. Without state, rules that have a memory are refused.
func NewStore(state store.State) store.Store {
	s := &functionStore{Store: memory.New(memory.Config{}), state: state}
	if state == nil {
		s.state = s.Store
	} else {
		s.durable = true
	}
	return s
}

type functionStore struct {
	store.Store
	state   store.State
	durable bool
}

func (s *functionStore) Promises() store.Promises {
	return store.Promises{Kind: "lambda", Durable: s.durable}
}

func (s *functionStore) Get(ctx context.Context, space, key string, now time.Time) (store.Item, bool, error) {
	return s.state.Get(ctx, space, key, now)
}

func (s *functionStore) Apply(ctx context.Context, now time.Time, swaps ...store.Swap) ([]uint64, error) {
	return s.state.Apply(ctx, now, swaps...)
}

func (s *functionStore) Scan(ctx context.Context, space, prefix, after string, now time.Time, n int) ([]store.Item, error) {
	return s.state.Scan(ctx, space, prefix, after, now, n)
}
