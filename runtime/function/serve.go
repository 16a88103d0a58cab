package function

import (
	"context"
	"errors"
	"io"
	"os"
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
	o.Log = hclog.New(&hclog.LoggerOptions{Name: "tocsin", Level: hclog.LevelFromString(c.LogLevel), Output: stderr, JSONFormat: true})
	host, warnings, err := New(ctx, c, o, started)
	if err != nil {
		tell(o.Log, err)
		return err
	}
	for _, w := range warnings {
		o.Log.Warn(w.Message, "file", w.File, "line", w.Line, "code", w.Code)
	}
	lambda.StartWithOptions(host, lambda.WithEnableSIGTERM(func() {
		host.Drain()
		o.Log.Info("ended by Lambda")
		os.Exit(exitFine)
	}))
	return nil
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
