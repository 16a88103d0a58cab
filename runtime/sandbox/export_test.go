package sandbox

import (
	"context"
	"crypto/sha256"
	"fmt"
	"runtime"
)

// CallAndHash is Target.Call that also returns a digest of the guest's memory and globals
// after the call, before they are restored.
func CallAndHash(t *Target, c Call) (string, error) {
	i, err := t.take(context.Background())
	if err != nil {
		return "", err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, counted := i.memory.faults()
	_, callErr := i.deliver(context.Background(), &c)
	after, _ := i.memory.faults()
	sum := digest(i)
	return fmt.Sprint(sum, " fuel ", i.budget.spent(), " error ", callErr != nil), t.pool.give(i, !counted || after != before)
}

// Digest is that of an idle instance's memory and globals, of the last one given back.
func Digest(t *Target) string {
	i, err := t.pool.take()
	if err != nil {
		return err.Error()
	}
	defer t.pool.put(i)
	return digest(i)
}

func digest(i *instance) string {
	h := sha256.New()
	for _, p := range i.parts {
		view, _ := p.module.Memory().Read(0, p.module.Memory().Size())
		h.Write(view)
		for _, g := range p.globals {
			fmt.Fprintln(h, g.Get())
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:8])
}

// Clone makes and keeps one more idle instance.
func Clone(t *Target) error {
	i, err := t.pool.clone()
	if err == nil {
		t.pool.put(i)
	}
	return err
}

// CountsFaults says whether this system's page faults are used.
func CountsFaults() bool { return dirtyPages() && countsFaults() }

// WithoutDirtyPages makes the restoring of big images copy them whole until the returned
// function is called.
func WithoutDirtyPages() func() {
	before := dirtyPages
	dirtyPages = func() bool { return false }
	return func() { dirtyPages = before }
}

// ProcessTime is the processor time that this process has used.
var ProcessTime = processTime
