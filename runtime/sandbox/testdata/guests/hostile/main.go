// Guest hostile does what its event's "do" says, for the tests of the sandbox.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/sdk/target"
)

var (
	calls  int
	hoard  [][]byte
	greet  string
	branch func(int) int
)

func init() {
	target.Configure(func(c *target.Config) {
		greet = c.Text("greet", "hello")
		if c.Bool("panic", false) {
			panic("the config asked for it")
		}
	})
	target.Handle(deliver)
	branch = fib
}

func main() {}

func deliver(d *target.Delivery) error {
	calls++
	do, _ := d.Input().Get("do").Text()
	switch do {
	case "count":
		target.Info(greet, "calls", fmt.Sprint(calls))
	case "loop":
		for {
			calls++
		}
	case "fib":
		branch(60)
	case "overflow":
		deep(0)
	case "bomb":
		for {
			hoard = append(hoard, make([]byte, 1<<20))
		}
	case "grow":
		hoard = append(hoard, make([]byte, 4<<20))
	case "panic":
		explode(nil)
	case "flood":
		return errors.New(strings.Repeat("x", 2<<20))
	case "chatter":
		for range 1000 {
			target.Info(strings.Repeat("y", 1000))
		}
	case "exit":
		os.Exit(3)
	case "sleep":
		time.Sleep(time.Hour)
		target.Info(time.Now().UTC().Format(time.RFC3339))
	case "random":
		var b [8]byte
		target.Random(b[:])
		target.Info(fmt.Sprintf("%x", b), "now", target.Now().Format(time.RFC3339))
	case "permanent":
		return target.Fail("NO_CHANNEL", errors.New("there is no such channel"))
	case "temporary":
		return errors.New("not today")
	}
	return nil
}

func fib(n int) int {
	if n < 2 {
		return n
	}
	return branch(n-1) + branch(n-2)
}

func deep(n int) int {
	if n < 0 {
		return 0
	}
	return deep(n+1) + 1
}

type thing struct{ name string }

func explode(t *thing) { target.Info(t.name) }
