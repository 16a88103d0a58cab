// Command elsewhere is what the test of packs runs, for this processor and for another one:
// a pack's code is only taken by a program that has the version of the compiler in it, and
// tests have not. `plugin code` is the tocsin verb of that name; `pack FOLDER PROGRAM
// PLATFORM…` packs a plugin and prints its digest; `deliver PACK DIGEST` makes a delivery
// with the pack's code and prints what came of it.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/tocsin-engine/tocsin/runtime/pluginkit"
	"github.com/tocsin-engine/tocsin/runtime/sandbox"
	"github.com/tocsin-engine/tocsin/runtime/sandbox/pack"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

func main() {
	run := map[string]func(context.Context, ...string) error{"plugin": code, "pack": packed, "deliver": deliver}[os.Args[1]]
	if err := run(context.Background(), os.Args[2:]...); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}

func code(ctx context.Context, _ ...string) error {
	wasm, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	text, err := pluginkit.Code(ctx, wasm)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}

func packed(ctx context.Context, args ...string) error {
	s, err := pluginkit.Open(args[0])
	if err != nil {
		return err
	}
	p, err := pluginkit.Pack(ctx, sandbox.New(ctx, sandbox.Config{}), s, pluginkit.PackOptions{Programs: args[1:2], Platforms: args[2:]})
	for platform, why := range p.Without {
		fmt.Fprintln(os.Stderr, platform, why)
	}
	fmt.Println(p.SHA256)
	return err
}

func deliver(ctx context.Context, args ...string) error {
	p, err := pack.OpenFile(args[0])
	if err != nil {
		return err
	}
	m, err := sandbox.New(ctx, sandbox.Config{}).LoadPack(ctx, p, "packed", args[1])
	if err != nil {
		return err
	}
	t, err := m.NewTarget(ctx, sandbox.TargetConfig{Name: "t", Host: &sandbox.Nobody{}})
	if err != nil {
		return err
	}
	batch := abi.Batch{Records: []abi.Record{{ID: "1", Event: []byte(`{"source":"shop"}`)}}}
	result, report, err := t.Call(ctx, sandbox.Call{Batch: batch})
	fmt.Println(m.Info().Code, result.Failures, report.Fuel, report.Memory)
	return err
}
