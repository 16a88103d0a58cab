// Package shop is the make-believe shop of `tocsin demo`: its rules and their tests, so
// that the program can carry them.
package shop

import "embed"

// Rules holds the folder "rules".
//
//go:embed rules
var Rules embed.FS
