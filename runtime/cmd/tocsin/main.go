// Command tocsin is the whole program: server, rule checker, and everything else a
// person types. It only calls runtime/cli.
package main

import (
	"fmt"
	"os"

	"github.com/tocsin-engine/tocsin/examples/shop"
	"github.com/tocsin-engine/tocsin/runtime/cli"
)

func main() { os.Exit(run()) }

func run() int {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		fmt.Fprintln(os.Stderr, "error: this version of tocsin is a server and a command line only; it cannot run as a Lambda function yet")
		return 3
	}
	p := cli.Program{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.LookupEnv, Demo: shop.Rules}
	return cli.Main(p, os.Args[1:])
}
