// Package pack reads and writes packed plugins: one file that holds a plugin's manifest, its
// module, its memory as it is after the start, and the machine code that was compiled of
// it, one for each platform. A packed plugin is ready in milliseconds where compiling takes
// a second.
//
// A pack can be thin: without the module, which is only needed where there is no code, and
// with code that is told by that of another pack beside it.
//
// A pack is a zip archive of a fixed set of names; nothing of it is ever written to a
// folder. Its first entry, pack.json, names the digest of every other, and the digest of
// pack.json itself is the pack's: who knows that one knows every byte. Equal contents give
// equal bytes.
//
// Machine code is not sandboxed. Whoever opens a pack decides by its digest whether its
// code may run (package sandbox does); manifest, module and memory are as harmless as a
// module that is compiled here.
package pack
