package event

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// DefaultBus is the bus that AWS services write to and that events without a bus
// name go to.
const DefaultBus = "default"

// Event is one immutable event. Make one with Parse, Complete or New; the zero value
// is no event.
type Event struct {
	// ID is unique for every event that a door accepted; a UUID unless the sender
	// chose another one.
	ID string
	// DetailType and Source together say what kind of event this is.
	DetailType, Source string
	// Account is the 12-digit AWS account id, Region its AWS region.
	Account, Region string
	// Time is when it happened, in UTC; the envelope carries whole seconds.
	Time time.Time
	// Resources are the ARNs that the event is about, possibly none.
	Resources []string
	// Bus is the event bus that the event is on. It is not a member of the envelope.
	Bus string
	// Hops counts how many targets stand between this event and the one a client
	// sent; a client's own event has 0. It is not a member of the envelope.
	Hops int

	raw    []byte
	detail []byte
}

// Raw is the whole envelope as JSON. The caller must not change it.
func (e Event) Raw() []byte { return e.raw }

// Detail is the value of the envelope's detail member as JSON, always an object. The
// caller must not change it.
func (e Event) Detail() []byte { return e.detail }

// IsZero says whether e is no event at all.
func (e Event) IsZero() bool { return e.raw == nil }

// On returns the event as it stands on another bus, hops targets away from a client.
func (e Event) On(bus string, hops int) Event {
	e.Bus, e.Hops = bus, hops
	return e
}

// Required names the envelope's members that Parse insists on.
var Required = []string{"id", "detail-type", "source", "account", "time", "region", "detail"}

// detailBit is the place of detail in Required.
const detailBit = 6

// Parse reads a complete envelope. It checks the whole text (see Check), keeps raw
// without a copy, and wants every member of Required with its right type; resources
// may be missing. Other members are kept and visible to patterns.
func Parse(raw []byte) (Event, error) {
	if err := Check(raw); err != nil {
		return Event{}, err
	}
	e := Event{raw: raw, Bus: DefaultBus}
	seen, err := e.read()
	if err != nil {
		return Event{}, err
	}
	for i, name := range Required {
		if seen&(1<<i) == 0 {
			return Event{}, fmt.Errorf("event: the envelope has no %q member", name)
		}
	}
	return e, nil
}

// read takes the envelope's members out of e.raw, which Check has accepted, and says
// which of Required it saw, as bits in Required's order.
func (e *Event) read() (seen int, err error) {
	v := Value(trim(e.raw))
	if v.Kind() != Object {
		return 0, errors.New("event: an event is one JSON object")
	}
	for name, m := range v.Members() {
		bit := -1
		switch name {
		case "id":
			bit, err = 0, text(m, name, &e.ID)
		case "detail-type":
			bit, err = 1, text(m, name, &e.DetailType)
		case "source":
			bit, err = 2, text(m, name, &e.Source)
		case "account":
			bit, err = 3, text(m, name, &e.Account)
		case "time":
			bit, err = 4, readTime(m, &e.Time)
		case "region":
			bit, err = 5, text(m, name, &e.Region)
		case "detail":
			bit = detailBit
			if m.Kind() != Object {
				err = fmt.Errorf("event: %q is a JSON object, not %s", name, m.Kind())
			}
			e.detail = m
		case "resources":
			err = readResources(m, &e.Resources)
		}
		if err != nil {
			return 0, err
		}
		if bit >= 0 {
			seen |= 1 << bit
		}
	}
	return seen, nil
}

func text(m Value, name string, into *string) error {
	s, ok := m.Text()
	if !ok {
		return fmt.Errorf("event: %q is a string, not %s", name, m.Kind())
	}
	*into = s
	return nil
}

func readTime(m Value, into *time.Time) error {
	s, ok := m.Text()
	if !ok {
		return fmt.Errorf("event: \"time\" is a string, not %s", m.Kind())
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return badTime(s)
	}
	*into = t.UTC()
	return nil
}

func badTime(s string) error {
	return fmt.Errorf("event: write \"time\" like 2026-01-02T15:04:05Z, not %q", s)
}

func readResources(m Value, into *[]string) error {
	if m.Kind() != Array {
		return fmt.Errorf("event: \"resources\" is a list of strings, not %s", m.Kind())
	}
	for item := range m.Items() {
		s, ok := item.Text()
		if !ok {
			return fmt.Errorf("event: \"resources\" is a list of strings, it holds %s", item.Kind())
		}
		*into = append(*into, s)
	}
	return nil
}

// Fields are the envelope's members for New and the defaults for Complete.
type Fields struct {
	ID, DetailType, Source, Account, Region string
	// Time is written in UTC and cut to whole seconds, as EventBridge does.
	Time      time.Time
	Resources []string
	// Detail is a JSON object, kept byte for byte. New takes nil for {}.
	Detail []byte
}

// New makes an event from its members, in EventBridge's member order. Detail is
// checked (see Check); what stands around it is written here and need not be.
func New(f Fields) (Event, error) {
	detail := trim(f.detail())
	if err := checkDetail(detail); err != nil {
		return Event{}, err
	}
	if year := f.Time.UTC().Year(); year < 0 || year > 9999 {
		return Event{}, badTime(FormatTime(f.Time))
	}
	b := append(make([]byte, 0, 384+len(detail)), `{"version":"0"`...)
	b = appendMember(b, "id", f.ID)
	b = appendMember(b, "detail-type", f.DetailType)
	b = appendMember(b, "source", f.Source)
	b = appendMember(b, "account", f.Account)
	b = appendMember(b, "time", FormatTime(f.Time))
	b = appendMember(b, "region", f.Region)
	b = appendResources(b, f.Resources)
	b = append(b, `,"detail":`...)
	from := len(b)
	b = append(append(b, detail...), '}')
	e := Event{
		ID: clean(f.ID), DetailType: clean(f.DetailType), Source: clean(f.Source), Account: clean(f.Account), Region: clean(f.Region),
		Time: f.Time.UTC().Truncate(time.Second), Bus: DefaultBus, raw: b, detail: b[from : len(b)-1 : len(b)-1],
	}
	for _, r := range f.Resources {
		e.Resources = append(e.Resources, clean(r))
	}
	return e, nil
}

// checkDetail checks a text that is to stand in an envelope, one level down.
func checkDetail(detail []byte) error {
	if Value(detail).Kind() != Object {
		return errDetail
	}
	c := checker{b: detail, unique: true}
	return c.check(1)
}

var errDetail = errors.New("event: the detail is not one JSON object")

// clean is what a reader of AppendString's text gets.
func clean(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	text, _ := Value(AppendString(nil, s)).Text()
	return text
}

// parseWith parses an envelope that detail was put into, and makes sure that detail was
// one value: text that closes its own object could bring members of the envelope.
func parseWith(raw, detail []byte) (Event, error) {
	e, err := Parse(raw)
	if err == nil && len(e.detail) != len(trim(detail)) {
		return Event{}, errDetail
	}
	return e, err
}

// Complete makes an event from an envelope that may lack members: those that are
// missing are taken from f and put in front, the bytes that are there stay as they
// are. A missing detail-type or source with no default is an error, because nothing
// could match such an event.
func Complete(raw []byte, f Fields) (Event, error) {
	if err := Check(raw); err != nil {
		return Event{}, err
	}
	e := Event{raw: raw, Bus: DefaultBus}
	seen, err := e.read()
	if err != nil {
		return Event{}, err
	}
	body := trim(raw)
	front, err := f.missing(seen, body)
	if err != nil {
		return Event{}, err
	}
	if len(front) == 0 {
		return e, nil
	}
	front[0] = '{' // in place of the first comma
	if rest := trim(body[1:]); rest[0] != '}' {
		front = append(append(front, ','), rest...)
	} else {
		front = append(front, '}')
	}
	if seen&(1<<detailBit) == 0 {
		return parseWith(front, f.detail())
	}
	return Parse(front)
}

// missing writes the members that an envelope lacks, each with a comma before it. seen
// is what read said of it.
func (f Fields) missing(seen int, body Value) ([]byte, error) {
	var b []byte
	if body.Get("version") == nil {
		b = append(b, `,"version":"0"`...)
	}
	for bit, value := range [...]string{f.ID, f.DetailType, f.Source, f.Account, FormatTime(f.Time), f.Region} {
		if seen&(1<<bit) != 0 {
			continue
		}
		if name := Required[bit]; value == "" && (name == "detail-type" || name == "source") {
			return nil, fmt.Errorf("event: the envelope has no %q member", name)
		}
		b = appendMember(b, Required[bit], value)
	}
	if body.Get("resources") == nil {
		b = appendResources(b, f.Resources)
	}
	if seen&(1<<detailBit) == 0 {
		b = append(append(b, `,"detail":`...), trim(f.detail())...)
	}
	return b, nil
}

// detail is f.Detail with its default.
func (f Fields) detail() []byte {
	if f.Detail == nil {
		return []byte("{}")
	}
	return f.Detail
}

// FormatTime writes t as the envelope does: RFC 3339, UTC, whole seconds.
func FormatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

func appendMember(b []byte, name, value string) []byte {
	b = append(b, ',')
	b = AppendString(b, name)
	b = append(b, ':')
	return AppendString(b, value)
}

func appendResources(b []byte, resources []string) []byte {
	b = append(b, `,"resources":[`...)
	for i, r := range resources {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendString(b, r)
	}
	return append(b, ']')
}

// ValidBus says whether name can be a bus: 1 to 256 characters of
// [A-Za-z0-9/.\-_] (EventBridge, CreateEventBus).
func ValidBus(name string) bool {
	if name == "" || len(name) > 256 {
		return false
	}
	return strings.IndexFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/.-_", r))
	}) < 0
}
