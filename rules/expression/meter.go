package expression

import "errors"

// ErrBudget means that an evaluation was stopped because it did too much work.
var ErrBudget = errors.New("expression: too much work for one event")

const (
	// budget is how many units one evaluation may spend; see the package comment.
	// A unit is 20 to 250 ns, so that no evaluation takes longer than 0.3 s or so.
	budget = 1_000_000
	// vmBudget bounds the elements of all lists and objects that one evaluation makes
	// with [], {}, .. and map. It also bounds how deep reduce can nest them, which is
	// what keeps the stack of everything that walks a value small.
	vmBudget = 100_000
	// bytesPerUnit is how much text one unit reads or copies.
	bytesPerUnit = 16
)

// meter counts the work of one evaluation. The vm's own budget knows what is made; it
// does not know what is read, again and again, in loops over the event.
type meter struct{ spent int }

func (m *meter) spend(n int) error {
	if n > budget || m.spent > budget-n {
		return ErrBudget
	}
	m.spent += n
	return nil
}

func (m *meter) text(n int) error { return m.spend(n/bytesPerUnit + 1) }

// flat pays for the text v, or for the elements of the list or object v.
func (m *meter) flat(v any) error {
	switch v := v.(type) {
	case string:
		return m.text(len(v))
	case []any:
		return m.spend(len(v) + 1)
	case []string:
		return m.spend(len(v) + 1)
	case []int:
		return m.spend(len(v) + 1)
	case map[string]any:
		return m.spend(len(v) + 1)
	}
	return m.spend(1)
}

// deep pays for v and everything in it. It stops at the budget, because with let a
// value can hold another one exponentially often.
func (m *meter) deep(v any) error {
	if err := m.flat(v); err != nil {
		return err
	}
	switch v := v.(type) {
	case []any:
		return deepEach(m, v)
	case []string:
		return deepEach(m, v)
	case map[string]any:
		for name, item := range v {
			if err := errors.Join(m.text(len(name)), m.deep(item)); err != nil {
				return ErrBudget
			}
		}
	}
	return nil
}

func deepEach[T any](m *meter, list []T) error {
	for _, item := range list {
		if err := m.deep(item); err != nil {
			return err
		}
	}
	return nil
}
