//go:build !packedguests

package plugins

import "embed"

//go:embed dist
var dist embed.FS
