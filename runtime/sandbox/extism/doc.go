// Package extism is the ABI of plugins built with Extism's PDKs, seen from the host: the
// module that they import, and the shapes of what goes through it.
//
// An Extism plugin never shares its memory. What goes in and out lies in a heap beside it,
// in blocks that it reads and writes eight bytes a call. Here that heap is a module of our
// own, kernel.wat, one beside every instance of a plugin: a call of it costs no more than a
// call inside of the plugin, and it is restored after a delivery by what restores the
// plugin.
//
// Nothing of Extism's is used; the ABI is what the PDKs import and export.
package extism
