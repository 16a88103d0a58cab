package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/ingest/nativefile"
	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

func sendCommand(a *app) *cobra.Command {
	s := sendVerb{app: a, at: "original", matched: map[string]int{}}
	cmd := &cobra.Command{
		Use:   "send [FILE…|-]",
		Short: "put events in; see what matched and what was delivered",
		Long: `Put events into a server and print what matched and what was delivered.

A file holds values one a line, one after the other or in a list; gzip or not. They are
events, CloudTrail records (also as a log file, {"Records": […]}), lines of a metric
stream, embedded metric format, batches of log events, or X-Ray segments; each is told by
its shape and becomes its event. With --log-group the files are text, and each line that
is not empty is a log event. Without a file the event is made of --source, --type and --detail.`,
		Example: `  tocsin send --source shop.orders --type OrderPlaced --detail '{"amount": 1250}'
  tocsin send --at now --rate 100/s trail/*.json.gz
  tocsin send --log-group /app/web --log-time '%d/%b/%Y:%H:%M:%S %z' access.log`,
		RunE: func(cmd *cobra.Command, args []string) error { return s.run(cmd.Context(), args) },
	}
	formatFlag(cmd, &s.format, "text", "json")
	f := cmd.Flags()
	f.StringVar(&s.source, "source", "", "the event's `SOURCE`, as shop.orders")
	f.StringVar(&s.detailType, "type", "", "the event's detail-`TYPE`, as OrderPlaced")
	f.StringVar(&s.detail, "detail", "", "the event's detail, a `JSON` object or a file with it")
	f.StringVar(&s.bus, "bus", "", "the event `BUS` (default)")
	f.Var(&choice{&s.at, []string{"original", "now"}}, "at", "original keeps the events' times, now shifts them so that the first one happens now")
	f.Var(&s.rate, "rate", "send at most this many events a second, as 100/s")
	f.DurationVar(&s.wait, "wait", 5*time.Second, "wait this long for the deliveries; 0 does not wait")
	s.logs.register(cmd)
	config.Register(f, &a.cfg, config.Client)
	return cmd
}

// The bounds of one request, well within the server's.
const (
	batchEvents = 500
	batchBytes  = 1 << 20
	// listed is how many events are printed one by one; more are summed up.
	listed = 20
)

type sendVerb struct {
	app                             *app
	client                          *client
	format, source, detailType, bus string
	detail, at                      string
	rate                            rate
	wait                            time.Duration
	logs                            logLines

	wrong complaints
	// lines are the events of the next request; ids of those are not known yet.
	lines bytes.Buffer
	count int
	names []string // of each line, for people
	// shift is added to the events' times; set by the first one.
	shift   time.Duration
	shifted bool
	start   time.Time

	accepted, refused, duplicates int
	matched                       map[string]int
	ids                           []string // of the first events
	deliveries                    int
}

func (s *sendVerb) run(ctx context.Context, files []string) error {
	a := s.app
	err := s.logs.check()
	if err != nil {
		return err
	}
	if s.client, err = a.newClient(); err != nil {
		return err
	}
	s.wrong, s.start = complaints{a: a}, time.Now()
	switch one := s.source != "" || s.detailType != "" || s.detail != ""; {
	case one && len(files) > 0:
		return usagef("an event is made of --source, --type and --detail, or read from files; not both")
	case one:
		err = s.addOne(ctx)
	default:
		err = a.eachValue(files, &s.logs, &s.wrong, func(src *sourceFile, value []byte) error {
			return s.add(ctx, src.name, value, !src.regular)
		})
	}
	if err == nil {
		err = s.flush(ctx)
	}
	if errors.Is(err, context.Canceled) {
		fmt.Fprintf(a.err, "%s interrupted: %s sent, the rest was not\n", a.talk.mark(), count(s.accepted, "event"))
	}
	if err != nil {
		return err
	}
	if err := s.summary(ctx); err != nil {
		return err
	}
	if err := s.wrong.err(); err != nil {
		return err
	}
	if s.accepted == 0 && s.refused == 0 {
		return errors.New("there was no event to send")
	}
	return nil
}

// addOne is the event of --source, --type and --detail.
func (s *sendVerb) addOne(ctx context.Context) error {
	if s.source == "" || s.detailType == "" {
		return usagef("an event needs --source and --type")
	}
	detail := []byte("{}")
	switch text := strings.TrimSpace(s.detail); {
	case strings.HasPrefix(text, "{"):
		detail = []byte(text)
	case text != "":
		var err error
		if detail, err = os.ReadFile(text); err != nil {
			return err
		}
	}
	ev, err := event.New(event.Fields{
		ID: service.NewID(), Source: s.source, DetailType: s.detailType, Account: config.Account, Region: s.app.cfg.Region,
		Time: time.Now(), Detail: detail,
	})
	if err != nil {
		return usagef("--detail: %w", err)
	}
	return s.add(ctx, "--detail", ev.Raw(), true)
}

// add puts a value into the next request and sends that when it is full, or at once
// where events come as they happen.
func (s *sendVerb) add(ctx context.Context, name string, value []byte, atOnce bool) error {
	err := nativefile.Describe(value)
	if err == nil {
		value, err = s.retime(value)
	}
	if err != nil {
		s.wrong.add(name, err)
		return nil
	}
	if s.lines.Len()+len(value) > batchBytes {
		if err := s.flush(ctx); err != nil {
			return err
		}
	}
	if err := json.Compact(&s.lines, value); err != nil {
		return err
	}
	s.lines.WriteByte('\n')
	s.count++
	s.names = append(s.names, name)
	if atOnce || s.count >= s.rate.batch() {
		return s.flush(ctx)
	}
	return nil
}

// retime gives an event its time by --at: every other byte of it stays.
func (s *sendVerb) retime(value []byte) ([]byte, error) {
	v := event.Value(value)
	text, ok := v.Get("time").Text()
	if s.at == "original" || !ok {
		return value, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return nil, fmt.Errorf("write \"time\" like 2026-01-02T15:04:05Z, not %q", text)
	}
	if !s.shifted {
		s.shift, s.shifted = time.Since(t).Truncate(time.Second), true
	}
	return v.With("time", event.AppendString(nil, event.FormatTime(t.Add(s.shift)))), nil
}

// flush sends what was collected, not before the rate allows it.
func (s *sendVerb) flush(ctx context.Context) error {
	if s.count == 0 {
		return nil
	}
	if err := s.rate.pace(ctx, s.start, s.accepted+s.refused); err != nil {
		return err
	}
	answer, err := s.client.put(ctx, s.bus, s.lines.Bytes())
	if err != nil {
		return err
	}
	names := s.names
	s.lines.Reset()
	s.count, s.names = 0, nil
	for _, e := range answer.Events {
		if e.Error != nil {
			s.refused++
			name := "event"
			if e.Index < len(names) {
				name = names[e.Index]
			}
			s.wrong.add(name, errors.New(e.Error.Message))
			continue
		}
		s.accepted++
		if e.Duplicate {
			s.duplicates++
		}
		for _, rule := range e.Matched {
			s.matched[rule]++
		}
		s.deliveries += e.Targets
		if len(s.ids) <= listed {
			s.ids = append(s.ids, e.ID)
		}
	}
	return nil
}
