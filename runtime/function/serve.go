package function

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/runtime/core"
)

// Exit codes of the process. ExitCannot says that the function cannot start.
const (
	exitFine   = 0
	ExitCannot = 3
)

// Serve is the function's process: it answers invocations until Lambda ends it. An error
// means that it cannot start; the log says why, because Lambda shows nothing else.
func Serve(ctx context.Context, c config.Config, o core.Options, started time.Time, stderr io.Writer) error {
	collect := lessGarbage()
	lines := &held{to: stderr}
	defer time.AfterFunc(holdLines, lines.release).Stop()
	o.Log = hclog.New(&hclog.LoggerOptions{Name: "tocsin", Level: hclog.LevelFromString(c.LogLevel), Output: lines, JSONFormat: true})
	host, warnings, err := New(ctx, c, o, started, func(cold ColdStart) {
		collect()
		lines.lead(func() { o.Log.Info("cold start", cold.fields()...) })
	})
	if err != nil {
		tell(o.Log, err)
		lines.release()
		return err
	}
	for _, w := range warnings {
		o.Log.Warn(w.Message, "file", w.File, "line", w.Line, "code", w.Code)
	}
	lambda.StartWithOptions(host, lambda.WithEnableSIGTERM(func() {
		host.Drain()
		lines.release()
		o.Log.Info("ended by Lambda")
		os.Exit(exitFine)
	}))
	return nil
}

// startGC lets the heap grow fivefold before garbage is collected, until the first answer:
// what a start makes mostly stays, and looking through it again and again is a sixth of the
// processor time, for 2 MiB.
const startGC = 400

// lessGarbage has less garbage collected until collect is called, unless somebody has set
// how much.
func lessGarbage() (collect func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	normal := debug.SetGCPercent(startGC)
	return func() { debug.SetGCPercent(normal) }
}

// tell writes into the log why the function cannot start.
func tell(log hclog.Logger, err error) {
	var rules *core.RulesError
	if errors.As(err, &rules) {
		for _, f := range rules.Findings {
			log.Error(f.Message, "file", f.File, "line", f.Line, "code", f.Code)
		}
	}
	log.Error("the function cannot start", "error", err)
}
