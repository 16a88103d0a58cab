//go:build packedguests

package plugins

import "embed"

// dist is empty.
var dist embed.FS
