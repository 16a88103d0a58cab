// Package wat assembles WebAssembly text into a module: the guests of the conformance kit
// and the glue of JavaScript plugins are kept as text that a person can read.
//
// It takes the part of the format that those need: one instruction after the other, not
// folded into parentheses; functions, imported functions, one memory, numeric globals,
// data at constant addresses. What it takes, every other assembler of the format takes
// too. It does not validate: that is for the runtime that compiles the result.
package wat
