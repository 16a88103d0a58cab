// Package quickjs makes a plugin of ABI v1 out of a script: it links QuickJS, as the npm
// package quickjs-wasi has it, with a little glue (shim.wat.tmpl), the JavaScript SDK and
// the script. The result is a module like every other; the sandbox knows nothing of
// JavaScript.
//
// The script is evaluated once, before the memory is frozen, so a delivery costs a call of
// a function and no parsing. The module imports the host functions that the manifest's
// needs ask for, and no others: its import list is its permission list, as everywhere.
//
// Only the pinned release of QuickJS is taken. Link supports what that module has, which
// is not everything a module can have.
package quickjs
