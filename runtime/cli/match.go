package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/rules/expression"
	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

func matchCommand(a *app) *cobra.Command {
	var m matchVerb
	cmd := &cobra.Command{
		Use:   "match --pattern FILE|JSON [--when EXPR] [FILE…]",
		Short: "grep for events: print those that match a pattern",
		Long: `Print the events of files, or of stdin, that match a pattern and an expression, a
line each.

A file holds values one a line, one after the other or in a list; gzip or not. What send
takes (CloudTrail records, metric streams, X-Ray segments, …) is matched, and printed, as
the event that it becomes; so are the lines of a text file with --log-group. Exit code 0: some matched. 1: none did. 2: the pattern is
wrong. 3: a file could not be read to its end.`,
		Example: `  tocsin match --pattern '{"source": ["aws.iam"]}' trail/*.json.gz
  tocsin match --log-group web --when 'log.message contains "error"' access.log.gz
  tocsin tail | tocsin match --when 'detail.amount > 1000' | jq .detail`,
		RunE: func(_ *cobra.Command, args []string) error { return m.run(a, args) },
	}
	cmd.Flags().StringVarP(&m.pattern, "pattern", "p", "", "an event pattern: `JSON`, or a file with it")
	cmd.Flags().StringVarP(&m.when, "when", "w", "", "an `EXPR`ession that must be true too")
	cmd.Flags().BoolVarP(&m.count, "count", "c", false, "print only how many matched")
	m.lines.register(cmd)
	return cmd
}

type matchVerb struct {
	pattern, when string
	count         bool
	lines         logLines

	compiled  *pattern.Pattern
	condition *expression.Program
	matched   int
	// failed counts the values that --when could not be asked about.
	failed   int
	failedBy error
}

func (m *matchVerb) run(a *app, files []string) error {
	if err := m.lines.check(); err != nil {
		return err
	}
	if err := m.compile(a); err != nil {
		return err
	}
	out := bufio.NewWriterSize(a.out, 64<<10)
	wrong := complaints{a: a}
	err := a.eachValue(files, &m.lines, &wrong, func(src *sourceFile, value []byte) error {
		if !m.matches(value) {
			return nil
		}
		m.matched++
		if m.count {
			return nil
		}
		if err := printLine(out, value); err != nil || src.regular {
			return err
		}
		return out.Flush()
	})
	if err != nil {
		return err
	}
	if m.count {
		fmt.Fprintln(out, m.matched)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if m.failed > 0 && !a.cfg.Quiet {
		fmt.Fprintf(a.err, "%s --when failed on %s, which count as no match; the first: %v\n", a.talk.mark(), count(m.failed, "event"), m.failedBy)
	}
	if err := wrong.err(); err != nil || m.matched > 0 {
		return err
	}
	return errFindings
}

func (m *matchVerb) compile(a *app) error {
	if m.pattern == "" && m.when == "" {
		return usagef(`say what to look for: --pattern '{"source": ["aws.ec2"]}' or --when 'detail.amount > 100'`)
	}
	if m.pattern != "" {
		p, err := a.compilePattern(m.pattern)
		if err != nil {
			return err
		}
		m.compiled = p
	}
	if m.when != "" {
		p, err := a.compileWhen("--when", m.when)
		if err != nil {
			return err
		}
		m.condition = p
	}
	return nil
}

// matches says whether a value, which is checked JSON, matches.
func (m *matchVerb) matches(value []byte) bool {
	if m.compiled != nil && !m.compiled.Match(value) {
		return false
	}
	if m.condition == nil {
		return true
	}
	ev, err := event.Complete(value, event.Fields{ID: "-", Account: "-", Region: "-", Time: time.Unix(0, 0)})
	var ok bool
	if err == nil {
		ok, err = m.condition.Bool(expression.NewEnv(ev))
	}
	if err != nil {
		if m.failed++; m.failedBy == nil {
			m.failedBy = err
		}
	}
	return ok
}

// printLine writes a JSON value in one line; most are one line already.
func printLine(out *bufio.Writer, value []byte) error {
	if bytes.IndexByte(value, '\n') >= 0 {
		var flat bytes.Buffer
		if err := json.Compact(&flat, value); err != nil {
			return err
		}
		value = flat.Bytes()
	}
	out.Write(value)
	return out.WriteByte('\n')
}
