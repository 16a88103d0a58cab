// Command shipped builds the shipped targets into plugins/dist: `make plugins` runs it
// at the top of the tree.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/tocsin-engine/tocsin/runtime/pluginkit"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := pluginkit.Ship(ctx, ".", func(name string) { fmt.Fprintf(os.Stderr, "building plugin %s\n", name) })
	if err != nil {
		fmt.Fprintf(os.Stderr, "plugins: %v\n", err)
		os.Exit(1)
	}
}
