// Package recording is what one call of a plugin was given, what it asked of its host and
// was answered, and what came of it: enough to make the call again in another process, and
// to say whether it was the same, bit for bit. Package sandbox makes recordings and plays
// them; here is their form, how they are compared, and how secrets are kept out of them.
//
// A recording does not hold what follows from the rest: clock and randomness come of its
// now and seed, the bytes that the guest was handed of its records and config.
package recording

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Version is that of the form; members are only ever added to one.
const Version = 1

// MaxSize bounds an encoded recording: a store's item has at most 400 KB everywhere.
const MaxSize = 360 << 10

// Recording is one call.
type Recording struct {
	V int `json:"v"`
	// At is when the call was made, by the host's clock.
	At time.Time `json:"at"`
	// Plugin is the plugin's name in the rule files, Module the digest of its module in
	// hexadecimal, ABI how it is called.
	Plugin string `json:"plugin"`
	Module string `json:"module"`
	ABI    string `json:"abi"`
	// Function is what an Extism plugin was called by, KeptVars that its vars were kept in
	// the target's key-value space.
	Function string `json:"function,omitempty"`
	KeptVars bool   `json:"kept_vars,omitempty"`
	// Platform is where it was made, as "linux-amd64": the bits of a NaN and how deep a
	// recursion gets are the processor's.
	Platform string `json:"platform"`

	Target string     `json:"target"`
	Config Text       `json:"config,omitempty"`
	Limits abi.Limits `json:"limits"`

	Delivery string `json:"delivery"`
	Seed     string `json:"seed"`
	// NowMS is the time that the guest saw, in milliseconds since 1970.
	NowMS   int64    `json:"now_ms"`
	Hops    int      `json:"hops,omitempty"`
	Bus     string   `json:"bus,omitempty"`
	Records []Record `json:"records,omitempty"`

	// Init are the calls of the host until the guest was ready, Calls those of this call.
	Init  []Call `json:"init,omitempty"`
	Calls []Call `json:"calls,omitempty"`
	// Began is a digest of the memory and globals that the call began with; "" where every
	// call has an instance of its own.
	Began string `json:"began,omitempty"`
	End   End    `json:"end"`

	// Cut says why the rest was left out, and that the call cannot be made again.
	Cut string `json:"cut,omitempty"`
}

// Record is one event of the call.
type Record struct {
	ID      string `json:"id"`
	Attempt int    `json:"attempt"`
	Rule    string `json:"rule"`
	Event   Text   `json:"event"`
	Input   Text   `json:"input,omitempty"`
}

// Call is one call of a host function that does something or answers. Errno is why there
// is no answer.
type Call struct {
	Function string    `json:"function"`
	Request  Text      `json:"request,omitempty"`
	Answer   Text      `json:"answer,omitempty"`
	Errno    abi.Errno `json:"errno,omitempty"`
}

// End is what came of the call.
type End struct {
	Failures []abi.Failure `json:"failures,omitempty"`
	// Fault is the kind of fault that ended it, "" for none; Message and Functions are
	// the fault's.
	Fault     string   `json:"fault,omitempty"`
	Message   string   `json:"message,omitempty"`
	Functions []string `json:"functions,omitempty"`
	Stderr    Text     `json:"stderr,omitempty"`
	Fuel      int64    `json:"fuel"`
	// MemorySize is in bytes; Memory is a digest of the pages that are not as they were
	// when the call began, and of the globals.
	MemorySize int64  `json:"memory_size"`
	Memory     string `json:"memory,omitempty"`
	// Unknown says why there is no digest of the memory.
	Unknown string `json:"memory_unknown,omitempty"`
}

// Playable says why the call cannot be made again with a module of this digest.
func (r *Recording) Playable(module string) error {
	if r.Cut != "" {
		return fmt.Errorf("delivery %s cannot be replayed, its recording is not whole: %s", r.Delivery, r.Cut)
	}
	if r.Module != module {
		return fmt.Errorf("plugin %s: the module's digest is %s, the recorded one's %s; a replay needs the same module", r.Plugin, module, r.Module)
	}
	return nil
}

// Encode writes a recording, compressed if it is long. One that is too large all the same,
// or was cut before, is written without what makes it large.
func (r *Recording) Encode() ([]byte, error) {
	if r.Cut == "" {
		text, err := json.Marshal(r)
		if err != nil {
			return nil, err
		}
		if b := compressed(text); len(b) <= MaxSize && len(text) <= maxText {
			return b, nil
		}
		r.Cut = fmt.Sprintf("it has %d KiB, more than can be kept", len(text)>>10)
	}
	head := *r
	head.Config, head.Init, head.Calls, head.End.Stderr, head.Records = nil, nil, nil, nil, nil
	head.End.Failures, head.End.Functions = nil, nil
	for _, record := range r.Records {
		head.Records = append(head.Records, Record{ID: record.ID, Attempt: record.Attempt, Rule: record.Rule})
	}
	return json.Marshal(head)
}

// Parse reads a recording.
func Parse(b []byte) (*Recording, error) {
	text, err := Plain(b)
	if err != nil {
		return nil, err
	}
	var r Recording
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("not a recording: %w", err)
	}
	if r.V != Version {
		return nil, fmt.Errorf("a recording of version %d; this tocsin reads version %d", r.V, Version)
	}
	return &r, r.check()
}

func (r *Recording) check() error {
	for _, d := range []struct {
		name, digest string
		optional     bool
	}{{"module", r.Module, false}, {"began", r.Began, true}, {"end.memory", r.End.Memory, r.End.Unknown != "" || r.Cut != ""}} {
		if sum, err := hex.DecodeString(d.digest); (err != nil || len(sum) != 32) && (!d.optional || d.digest != "") {
			return fmt.Errorf("the recording's %s is no SHA-256 digest in hexadecimal", d.name)
		}
	}
	l := r.Limits
	if min(l.Memory, l.TimeMS, l.Fuel, l.Output, l.Log, r.End.Fuel, r.End.MemorySize) < 0 {
		return errors.New("the recording has a negative limit or figure")
	}
	if r.Cut != "" {
		return nil
	}
	if event.Check(r.Config) != nil {
		return errors.New("the recording's config is no JSON")
	}
	for n, record := range r.Records {
		if event.Check(record.Event) != nil || len(record.Input) > 0 && event.Check(record.Input) != nil {
			return fmt.Errorf("the recording's record %d is no JSON", n+1)
		}
	}
	return nil
}

// Text is bytes that mostly are text: a JSON string, or {"base64": …} where they are not
// UTF-8.
type Text []byte

type binary struct {
	Base64 []byte `json:"base64"`
}

// MarshalJSON writes every byte so that it is read again.
func (t Text) MarshalJSON() ([]byte, error) {
	if utf8.Valid(t) {
		return json.Marshal(string(t))
	}
	return json.Marshal(binary{t})
}

// UnmarshalJSON reads what MarshalJSON writes. No text and an empty one are the same.
func (t *Text) UnmarshalJSON(b []byte) error {
	*t = nil
	if bytes.HasPrefix(b, []byte("{")) {
		var v binary
		err := json.Unmarshal(b, &v)
		if len(v.Base64) > 0 {
			*t = v.Base64
		}
		return err
	}
	var s string
	err := json.Unmarshal(b, &s)
	if s != "" {
		*t = Text(s)
	}
	return err
}
