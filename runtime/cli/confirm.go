package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// confirm asks before something is done that cannot be undone; yes is --yes. Where
// nobody can answer it refuses.
func (a *app) confirm(yes bool, question string) error {
	if yes {
		return nil
	}
	if !isTerminal(a.in) {
		return usagef("%s  Nobody can be asked here: say --yes to do it, or --dry-run to look", question)
	}
	fmt.Fprintf(a.err, "%s [y/N] ", question)
	answer, err := bufio.NewReader(a.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	fmt.Fprintln(a.err, "nothing was done")
	return &exit{code: exitFindings}
}

// moment is a time as a person writes it: how long ago (24h, 30m, 7d), or a time.
type moment struct {
	time.Time
	text string
}

// String is what was written.
func (m *moment) String() string { return m.text }

// Type names the value in help texts.
func (m *moment) Type() string { return "TIME" }

// Set reads 24h, 7d, now, 2026-01-02, 2026-01-02T15:04:05Z.
func (m *moment) Set(text string) error {
	m.text = text
	if text == "now" {
		m.Time = time.Now()
		return nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			m.Time = t
			return nil
		}
	}
	ago := text
	if days, ok := strings.CutSuffix(text, "d"); ok {
		ago = days + "h"
	}
	d, err := time.ParseDuration(ago)
	if err != nil || d < 0 {
		return errors.New("write how long ago, as 24h or 7d, or a time, as 2026-01-02T15:04:05Z")
	}
	if ago != text {
		d *= 24
	}
	m.Time = time.Now().Add(-d)
	return nil
}
