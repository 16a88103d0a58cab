package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/tocsin-engine/tocsin/ingest/jsonstream"
	"github.com/tocsin-engine/tocsin/ingest/nativefile"
	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// sourceFile is a file of events that a person named; "-" is stdin.
type sourceFile struct {
	name string
	io.Reader
	size int64 // 0 where it is not known
	// regular is false for a pipe or a terminal, whose events must not wait in a buffer.
	regular bool
	close   func() error
}

// openSource opens one file of events.
func (a *app) openSource(name string) (*sourceFile, error) {
	if name == "-" {
		return &sourceFile{name: "stdin", Reader: a.in, close: func() error { return nil }}, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	if info.IsDir() {
		f.Close()
		return nil, fmt.Errorf("%s is a folder; name the files in it, for example %s/*.json", name, name)
	}
	return &sourceFile{name, f, info.Size(), info.Mode().IsRegular(), f.Close}, nil
}

// complaints are what is wrong with a person's events. The first few are printed where
// they happen, the rest is counted: one bad file must not flood the terminal.
type complaints struct {
	a     *app
	total int
}

const complaintsShown = 10

func (c *complaints) add(name string, err error) {
	if c.total++; c.total <= complaintsShown {
		fmt.Fprintf(c.a.err, "%s %s: %v\n", c.a.talk.bad("error:"), name, err)
	}
}

// err ends the verb: nil without complaints, exit code 3 with them.
func (c *complaints) err() error {
	if c.total == 0 {
		return nil
	}
	if more := c.total - complaintsShown; more > 0 {
		fmt.Fprintf(c.a.err, "%s %d more like these\n", c.a.talk.bad("error:"), more)
	}
	return &exit{code: exitCannot}
}

// eachValue calls f with every event of the named files, in order: ingest/nativefile makes
// them of what each signal's own tools write, and hands out every other JSON value as it
// is; lines says whether the files are text. What cannot be read is a complaint; an error
// of f ends it all. value is valid until f returns.
func (a *app) eachValue(names []string, lines *logLines, c *complaints, f func(src *sourceFile, value []byte) error) error {
	if len(names) == 0 {
		names = []string{"-"}
	}
	for _, name := range names {
		src, err := a.openSource(name)
		if err != nil {
			return err
		}
		err = a.eachOf(src, lines, c, f)
		_ = src.close() // it was read only
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *app) eachOf(src *sourceFile, lines *logLines, c *complaints, f func(*sourceFile, []byte) error) error {
	bar := a.newProgress(src.name, src.size)
	defer bar.finish()
	events, err := lines.open(src.name, bar.watch(src))
	if err != nil {
		c.add(src.name, err)
		return nil
	}
	for {
		value, err := events.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			c.add(src.name, err)
			if !goesOn(err) {
				return nil
			}
			continue
		}
		if err := f(src, value); err != nil {
			return err
		}
	}
}

// goesOn says whether there is more to read behind an error.
func goesOn(err error) bool {
	var syntax *jsonstream.Error
	var native *nativefile.Error
	return errors.As(err, &native) || errors.As(err, &syntax) && !syntax.Fatal
}

// defaults are the members of an event that a file does not say.
func defaults() event.Fields {
	return event.Fields{ID: service.NewID(), Account: config.Account, Region: config.Region, Time: time.Now()}
}
