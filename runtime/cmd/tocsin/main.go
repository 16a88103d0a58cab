// Command tocsin is the whole program: server, rule checker, and everything else a
// person types. It only calls runtime/cli.
package main

import (
	"os"

	"github.com/tocsin-engine/tocsin/examples/shop"
	"github.com/tocsin-engine/tocsin/runtime/cli"
)

func main() { os.Exit(run()) }

func run() int {
	p := cli.Program{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.LookupEnv, Demo: shop.Rules}
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		return cli.Main(p, []string{"lambda", "serve"}) // this is the bootstrap of a Lambda function
	}
	return cli.Main(p, os.Args[1:])
}
