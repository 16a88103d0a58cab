package metrics

import _ "embed"

//go:embed schema.json
var schema []byte

// Schema is the JSON Schema of the detail of a datum's event.
func Schema() []byte { return schema }
