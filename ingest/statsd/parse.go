package statsd

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/metrics"
)

// Kind is what a sample is of; its text is the agent's metric_type.
type Kind string

// The kinds of samples.
const (
	Counter   Kind = "counter"
	Gauge     Kind = "gauge"
	Timing    Kind = "timing"
	Histogram Kind = "histogram"
	Set       Kind = "set"
)

var kinds = map[string]Kind{"c": Counter, "g": Gauge, "ms": Timing, "h": Histogram, "d": Histogram, "s": Set}

// Sample is one value of a line.
type Sample struct {
	Name string
	Kind Kind
	// Value is the number; a set has Member instead.
	Value  float64
	Member string
	// Relative says that Value is added to a gauge: it was written with a sign.
	Relative bool
	// Rate is the part of all samples that was sent: above 0, at most 1.
	Rate float64
	// Tags are sorted by name; their names differ.
	Tags []metrics.Dimension
	// Time is when it was measured, if its sender said so; such a sample stands alone.
	Time time.Time
}

// noValue is what the agent gives a tag without a value: a dimension cannot be empty.
const noValue = "<empty>"

// Lines yields the lines of a datagram that are not empty.
func Lines(packet []byte) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for line := range strings.SplitSeq(string(packet), "\n") {
			if line = strings.TrimSpace(line); line != "" && !yield(line) {
				return
			}
		}
	}
}

// Parse reads one line: all its samples, or why it is malformed.
func Parse(line string) ([]Sample, error) {
	if strings.HasPrefix(line, "_e{") || strings.HasPrefix(line, "_sc|") {
		return nil, malformed(line, "events and service checks are not metrics")
	}
	if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' }) {
		return nil, malformed(line, "there is a control character in it")
	}
	bucket, rest, ok := strings.Cut(line, ":")
	if !ok {
		return nil, malformed(line, `write NAME:VALUE|TYPE`)
	}
	p := parser{line: line, sections: strings.Split(rest, "|"), tags: map[string]string{}}
	name := p.bucket(bucket)
	if name == "" {
		return nil, malformed(line, "it has no name")
	}
	if err := p.values(); err != nil {
		return nil, err
	}
	tags := make([]metrics.Dimension, 0, len(p.tags))
	for k, v := range p.tags {
		tags = append(tags, metrics.Dimension{Name: k, Value: v})
	}
	slices.SortFunc(tags, func(a, b metrics.Dimension) int { return strings.Compare(a.Name, b.Name) })
	for i := range p.samples {
		p.samples[i].Name, p.samples[i].Tags, p.samples[i].Time = name, tags, p.at
	}
	return p.samples, nil
}

func malformed(line, format string, args ...any) error {
	if len(line) > 100 {
		line = line[:100] + "…"
	}
	return fmt.Errorf("statsd: %q: %s", line, fmt.Sprintf(format, args...))
}

// parser is one line on its way.
type parser struct {
	line     string
	sections []string // what stands between the bars, the name cut off
	tags     map[string]string
	at       time.Time
	samples  []Sample
}

// bucket reads the name, and the tags behind it.
func (p *parser) bucket(text string) string {
	name, tags, _ := strings.Cut(text, ",")
	for tag := range strings.SplitSeq(tags, ",") {
		k, v, _ := strings.Cut(tag, "=")
		p.tag(k, v)
	}
	return name
}

func (p *parser) tag(name, value string) {
	if name != "" {
		p.tags[name] = value
		if value == "" {
			p.tags[name] = noValue
		}
	}
}

// values reads the values with their type and what follows it. Old clients write more
// values behind the type, "a:1|c:2|c", newer ones in front of it, "a:1:2|c".
func (p *parser) values() error {
	values := p.sections[0]
	for i, again := 1, true; again; i++ {
		if i == len(p.sections) {
			return malformed(p.line, `write NAME:VALUE|TYPE`)
		}
		letter, more, _ := strings.Cut(p.sections[i], ":")
		kind, ok := kinds[letter]
		if !ok {
			return malformed(p.line, "there is no type %q; write c, g, ms, h, d or s", letter)
		}
		rate := 1.0
		again = len(more) > 0
		for !again && i+1 < len(p.sections) {
			i++
			var err error
			if more, err = p.option(p.sections[i], &rate); err != nil {
				return err
			}
			again = more != ""
		}
		for value := range strings.SplitSeq(values, ":") {
			if err := p.sample(kind, value, rate); err != nil {
				return err
			}
		}
		values = more
	}
	return nil
}

// option reads what stands behind a type; more are the values behind it.
func (p *parser) option(section string, rate *float64) (more string, err error) {
	if section == "" {
		return "", malformed(p.line, "there is nothing behind the last |")
	}
	switch section[0] {
	case '@':
		text, more, _ := strings.Cut(section[1:], ":")
		if *rate, err = strconv.ParseFloat(text, 64); err != nil || !(*rate > 0 && *rate <= 1) {
			return "", malformed(p.line, "the sample rate %q is a number above 0, at most 1", text)
		}
		return more, nil
	case '#':
		for tag := range strings.SplitSeq(section[1:], ",") {
			k, v, _ := strings.Cut(tag, ":")
			p.tag(k, strings.TrimSpace(v))
		}
		return "", nil
	case 'T':
		seconds, err := strconv.ParseInt(section[1:], 10, 64)
		if err != nil || seconds <= 0 || seconds > 1<<40 {
			return "", malformed(p.line, "the time %q is in seconds since 1970", section[1:])
		}
		p.at = time.Unix(seconds, 0).UTC()
		return "", nil
	case 'c', 'e': // DogStatsD's container id and external data: who sent it
		if len(section) > 1 && section[1] == ':' {
			return "", nil
		}
	}
	return "", malformed(p.line, "%q is no @RATE, #TAGS or T SECONDS", section)
}

// sample reads one value.
func (p *parser) sample(kind Kind, text string, rate float64) error {
	s := Sample{Kind: kind, Rate: rate}
	if kind == Set {
		if text == "" {
			return malformed(p.line, "a set needs a member")
		}
		s.Member = text
		p.samples = append(p.samples, s)
		return nil
	}
	n, ok := metrics.ParseNumber(text)
	f, err := n.Float64()
	if !ok || err != nil || !(math.Abs(f) <= metrics.MaxNumber) {
		return malformed(p.line, "%q is no number between -2^360 and 2^360", text)
	}
	s.Value, s.Relative = f, kind == Gauge && (text[0] == '+' || text[0] == '-')
	if kind == Gauge {
		s.Rate = 1 // a gauge's last value is what it is, however often it is sent
	}
	p.samples = append(p.samples, s)
	return nil
}
