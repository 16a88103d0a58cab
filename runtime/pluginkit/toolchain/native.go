package toolchain

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// c compiles plugin.c with clang, which has the WebAssembly target; the linker is LLVM's.
// The stack comes first in memory, so that one that grows too far traps and spoils nothing.
func c(ctx context.Context, dir, out string, _ abi.Grants) error {
	clang := first(func(p string) bool { return strings.Contains(output(ctx, p, "--print-targets"), "wasm32") }, versions("clang")...)
	if clang == "" || linker() == "" {
		return &Missing{"C", "clang and wasm-ld (Debian: apt-get install clang-14 lld-14)"}
	}
	return run(ctx, dir, clang, "--target=wasm32", "-std=gnu11", "-O2", "-Wall", "-mbulk-memory", "-ffreestanding", "-nostdlib",
		"-Wl,--no-entry", "-Wl,--stack-first", "-Wl,-z,stack-size=65536", "-o", out, "plugin.c")
}

func linker() string {
	return first(func(string) bool { return true }, versions("wasm-ld")...)
}

// rust compiles plugin.rs with rustc alone: there are no crates. The name section stays,
// so that a trap names functions.
func rust(ctx context.Context, dir, out string, _ abi.Grants) error {
	rustc := first(func(p string) bool { return rustTarget(ctx, p) }, "rustc", "/usr/bin/rustc")
	if rustc == "" {
		return &Missing{"Rust", "rustc with the target wasm32-unknown-unknown (rustup target add wasm32-unknown-unknown; " +
			"Debian: apt-get install rustc libstd-rust-dev-wasm32 lld-14)"}
	}
	args := []string{"--edition", "2021", "--crate-type", "cdylib", "--crate-name", "plugin", "--target", "wasm32-unknown-unknown",
		"-C", "opt-level=s", "-C", "lto=fat", "-C", "panic=abort", "-C", "strip=debuginfo", "-o", out}
	if shipped, _ := filepath.Glob(filepath.Join(output(ctx, rustc, "--print", "sysroot"), "lib/rustlib/*/bin/rust-lld*")); len(shipped) == 0 {
		ld := linker()
		if ld == "" {
			return &Missing{"Rust", "wasm-ld (Debian: apt-get install lld-14)"}
		}
		args = append(args, "-C", "linker="+ld)
	}
	return run(ctx, dir, rustc, append(args, "plugin.rs")...)
}

// rustTarget says whether rustc has a standard library for WebAssembly.
func rustTarget(ctx context.Context, rustc string) bool {
	dir := output(ctx, rustc, "--print", "target-libdir", "--target", "wasm32-unknown-unknown")
	if dir == "" {
		return false
	}
	_, err := os.Stat(dir)
	return err == nil
}
