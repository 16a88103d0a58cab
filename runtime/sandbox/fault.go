package sandbox

import (
	"errors"
	"fmt"
	"slices"
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
		s += ", in " + where
	}
	if f.Kind != Memory { // a runtime that ran out of memory says so at length
		if first := firstLine(f.Stderr); first != "" && first != f.Message {
			s += "; stderr: " + first
		}
	}
	return s
}

// runtimes are the beginnings of names that no author of a plugin wrote: of host
// functions and of their language's runtime.
var runtimes = []string{"runtime.", "tocsin.", "wasi_snapshot_preview1.", "os.", "gcWriteBarrier", "wasm_pc_f_loop", "_rt0_wasm", "rust_", "__rust", "core::", "std::", "alloc::", "~lib/"}

// where is the innermost function that a person wrote.
func (f *Fault) where() string {
	for _, name := range f.Functions {
		if !slices.ContainsFunc(runtimes, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			return name
		}
	}
	return ""
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(line)
}

// said is what a language's runtime wrote about a crash: a trap itself says only
// "unreachable".
func said(stderr string) string {
	for line := range strings.Lines(stderr) {
		for _, begin := range []string{"panic: ", "fatal error: ", "thread '", "abort: "} {
			if strings.HasPrefix(line, begin) {
				return strings.TrimSpace(line)
			}
		}
	}
	return ""
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
	case slices.ContainsFunc(i.parts, func(p *part) bool { return p.memory.refused }):
		f.Kind = Memory
		f.Message = fmt.Sprintf("it needs more than %s of memory", human(i.target.limit.memory))
	default:
		if text := said(f.Stderr); text != "" {
			f.Message = text
		}
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
