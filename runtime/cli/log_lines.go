package cli

import (
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-engine/tocsin/ingest/agent/logfile"
	"github.com/tocsin-engine/tocsin/ingest/logs"
	"github.com/tocsin-engine/tocsin/ingest/nativefile"
)

// logLines are the flags of verbs that read text files as logs.
type logLines struct {
	group, stream, format string

	timestamp *logfile.Timestamp
}

// register adds the flags to a verb.
func (l *logLines) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&l.group, "log-group", "", "the files are text: each line is a log event of this `GROUP`")
	f.StringVar(&l.stream, "log-stream", "", "the log `STREAM` of those lines (the file's name)")
	f.StringVar(&l.format, "log-time", "", "find the lines' time by this `FORMAT`, as '%b %d %H:%M:%S' (now)")
}

// check reads the flags.
func (l *logLines) check() (err error) {
	switch {
	case l.group == "" && (l.stream != "" || l.format != ""):
		return usagef("--log-stream and --log-time need --log-group")
	case l.group != "" && logs.CheckGroup("log-group", l.group) != nil:
		return usagef("--log-group: a group is called by up to %d letters, digits and . - _ / #, not %q", logs.MaxName, l.group)
	case l.format == "":
		return nil
	}
	if l.timestamp, err = logfile.ParseTimestamp(l.format); err != nil {
		return usagef("--log-time: %w", err)
	}
	return nil
}

// open reads the events of a file: of its lines if the person said that they are a log's.
// A verb without the flags has nil.
func (l *logLines) open(name string, r io.Reader) (interface{ Next() ([]byte, error) }, error) {
	o := nativefile.Options{Defaults: defaults}
	if l == nil || l.group == "" {
		return nativefile.NewReader(r, o)
	}
	t := nativefile.Text{Group: l.group, Stream: l.stream}
	if t.Stream == "" {
		t.Stream = filepath.Base(name)
	}
	if l.timestamp != nil {
		t.Time = func(line string) (time.Time, bool) {
			at, _, ok := l.timestamp.Find(line, time.Local, time.Now())
			return at, ok
		}
	}
	return nativefile.NewTextReader(r, t, o)
}
