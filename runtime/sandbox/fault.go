package sandbox

import (
	"errors"
	"fmt"
	"strings"
)

// FaultKind says what a guest did.
type FaultKind string

// The kinds of faults.
const (
	Trap    FaultKind = "trap"    // it crashed
	Timeout FaultKind = "timeout" // it ran past its wall deadline
	Fuel    FaultKind = "fuel"    // it ran past limits.fuel
	Memory  FaultKind = "memory"  // it crashed after memory was refused
	Stack   FaultKind = "stack"   // it recursed too deep
	Output  FaultKind = "output"  // its answer is over the limit
	Answer  FaultKind = "answer"  // its answer is not the ABI's
	Exit    FaultKind = "exit"    // it called proc_exit
)

// Fault is a call that a guest did not survive or that gave no usable answer.
type Fault struct {
	Kind   FaultKind `json:"kind"`
	Plugin string    `json:"plugin"`
	Target string    `json:"target"`
	// Message says what happened, as the end of a sentence.
	Message string `json:"message"`
	// Functions are the guest's functions on the stack, innermost first.
	Functions []string `json:"functions,omitempty"`
	// Stderr is the end of what the guest wrote to its standard error.
	Stderr string `json:"stderr,omitempty"`
}

// Code is the fault as a dead letter's code: "PLUGIN_TIMEOUT".
func (f *Fault) Code() string { return "PLUGIN_" + strings.ToUpper(string(f.Kind)) }

func (f *Fault) Error() string {
	s := fmt.Sprintf("plugin %s: %s: %s", f.Plugin, f.Kind, f.Message)
	if where := f.where(); where != "" {
		s += " in " + where
	}
	if last := lastLines(f.Stderr, 3); last != "" {
		s += "; stderr: " + last
	}
	return s
}

// where is the innermost function that a person wrote, rather than their language's
// runtime.
func (f *Fault) where() string {
	for _, name := range f.Functions {
		if !strings.HasPrefix(name, "runtime.") && !strings.HasPrefix(name, "rust_") && !strings.HasPrefix(name, "gcWriteBarrier") && !strings.HasPrefix(name, "wasm_pc_f_loop") {
			return name
		}
	}
	return ""
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	if len(lines) > n {
		lines = lines[:n] // a Go panic says what happened first and where after it
	}
	return strings.TrimSpace(strings.Join(lines, " | "))
}

// stop is what a host function panics with to end a guest's call.
type stop struct {
	kind    FaultKind
	message string
}

func (s *stop) Error() string { return string(s.kind) + ": " + s.message }

// fault turns what wazero returned into a Fault.
func (i *instance) fault(err error) *Fault {
	f := &Fault{Kind: Trap, Plugin: i.target.module.name, Target: i.target.name, Functions: stack(err.Error()), Stderr: i.stderr.String()}
	var s *stop
	text, _, _ := strings.Cut(err.Error(), "\n")
	f.Message = strings.TrimSuffix(strings.TrimPrefix(text, "wasm error: "), " (recovered by wazero)")
	switch {
	case errors.As(err, &s):
		f.Kind, f.Message = s.kind, s.message
	case strings.Contains(text, "stack overflow"):
		i.overflowed = true
		f.Kind, f.Message = Stack, "it recursed too deep"
	case i.memory.refused:
		f.Kind = Memory
		f.Message = fmt.Sprintf("it needs more than %s of memory", human(i.target.limit.memory))
	}
	return f
}

// stack takes the function names out of wazero's stack trace.
func stack(text string) []string {
	_, trace, ok := strings.Cut(text, "wasm stack trace:\n")
	if !ok {
		return nil
	}
	var names []string
	for line := range strings.SplitSeq(trace, "\n") {
		line = strings.TrimSpace(line)
		if at := strings.LastIndexByte(line, '('); at > 0 && !strings.HasPrefix(line, "...") {
			name := strings.TrimPrefix(line[:at], ".")
			names = append(names, name)
		}
	}
	return names
}

func human(n int64) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
