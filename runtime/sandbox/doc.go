// Package sandbox runs plugins: WebAssembly modules that speak ABI v1 (sdk/abi) on
// wazero, a compiler that needs nothing installed.
//
// A Host compiles modules, a Module makes Targets (one config, one grant), a Target takes
// deliveries. Every delivery sees the memory as it was after the plugin's init and leaves
// nothing for the next; a guest that loops, recurses, floods or traps costs its own
// delivery and nobody else's. What goes wrong is a *Fault that names what a person needs.
//
// The import list is the permission list: NewTarget refuses a module that imports what it
// was not granted, and each call is checked against the grant once more. Clock and
// randomness come from the delivery, so a run can be repeated bit for bit. There are no
// files, no environment and no sockets.
package sandbox
