// Command bootstrap is the program in the zip of a Lambda function: tocsin without what
// only a person or a server needs. Its settings are environment variables.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/tocsin-engine/tocsin/runtime/config"
	"github.com/tocsin-engine/tocsin/runtime/core"
	"github.com/tocsin-engine/tocsin/runtime/function"
)

// version is set by the linker (see Makefile).
var version = "dev"

func main() {
	started := time.Now()
	var c config.Config
	fs := pflag.NewFlagSet("bootstrap", pflag.ContinueOnError)
	config.Register(fs, &c, config.Server)
	err := config.FromEnv(fs, os.LookupEnv)
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
	} else {
		err = function.Serve(context.Background(), c, core.Options{Version: version}, started, os.Stderr)
	}
	if err != nil {
		os.Exit(function.ExitCannot)
	}
}
