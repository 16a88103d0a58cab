package sandbox

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/runtime/sandbox/recording"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// handle is what a guest holds instead of a secret's value. Nobody outside this process
// can know it: an event that spells out a handle must not make the host put a secret into
// a request that the event's sender reads.
func (h *Host) handle(name string) string { return abi.SecretHandle(name + ":" + h.mark(name)) }

// mark is what cannot be guessed of a handle.
func (h *Host) mark(name string) string {
	mac := hmac.New(sha256.New, h.key[:])
	mac.Write([]byte(name))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// conceal puts the names of secrets in the places of their handles, in what is said about
// a call: people read it, and a handle must not be known outside of this process.
func (t *Target) conceal(r abi.Result, err error) {
	if len(t.grants.Secrets) == 0 {
		return
	}
	for n := range r.Failures {
		r.Failures[n].Error = t.withNames(r.Failures[n].Error)
	}
	if f, ok := errors.AsType[*Fault](err); ok {
		f.Message, f.Stderr = t.withNames(f.Message), t.withNames(f.Stderr)
	}
}

// withNames is a text with the names of secrets in the places of their handles.
func (t *Target) withNames(text string) string {
	for _, name := range t.grants.Secrets {
		text = strings.ReplaceAll(text, t.module.host.handle(name), abi.SecretHandle(name))
	}
	return text
}

// veil hides from recordings what the guest must not know, and the handles, which must not
// be known outside of this process.
func (t *Target) veil() *recording.Veil {
	v := &recording.Veil{}
	for _, name := range t.grants.Secrets {
		v.Handle(t.module.host.mark(name))
		if value, ok := t.host.Secret(name); ok {
			v.Value(value)
		}
	}
	return v
}

// withHandles puts handles in the places where a config names granted secrets.
func (h *Host) withHandles(config []byte, g abi.Grants) []byte {
	for _, name := range g.Secrets {
		config = bytes.ReplaceAll(config, []byte(abi.SecretHandle(name)), []byte(h.handle(name)))
	}
	return config
}

// reveal puts the values of granted secrets in the places of their handles, in the URL,
// the headers and the body. The guest sees neither before nor after.
func (i *instance) reveal(r *abi.HTTPRequest) abi.Errno {
	for _, name := range i.target.grants.Secrets {
		handle := i.target.module.host.handle(name)
		if !mentions(r, handle) {
			continue
		}
		value, ok := i.target.host.Secret(name)
		if !ok {
			return abi.NotFound
		}
		r.URL = inURL(r.URL, handle, value)
		for h, text := range r.Headers {
			r.Headers[h] = strings.ReplaceAll(text, handle, value)
		}
		r.Body = inBody(r.Body, handle, value)
	}
	return 0
}

func mentions(r *abi.HTTPRequest, handle string) bool {
	if strings.Contains(r.URL, handle) || strings.Contains(r.Body, handle) {
		return true
	}
	for _, text := range r.Headers {
		if strings.Contains(text, handle) {
			return true
		}
	}
	return false
}

// inURL puts a secret into a URL: a whole URL as it is, a part of one escaped, so that a
// value cannot move the request to another path or host.
func inURL(text, handle, value string) string {
	if strings.HasPrefix(text, handle) {
		return value + text[len(handle):]
	}
	return strings.ReplaceAll(text, handle, url.QueryEscape(value))
}

// inBody puts a secret into a body; into JSON as the inside of a string, so that quotes
// in the value stay quotes.
func inBody(body, handle, value string) string {
	if !strings.Contains(body, handle) {
		return body
	}
	if slices.Contains([]byte("{[\""), (body + " ")[0]) && json.Valid([]byte(body)) {
		quoted, err := json.Marshal(value)
		if err == nil {
			value = string(quoted[1 : len(quoted)-1])
		}
	}
	return strings.ReplaceAll(body, handle, value)
}
