// Command tocsin is the whole program: server, rule checker, and everything else a
// person types. It only calls runtime/cli.
package main

func main() {}
