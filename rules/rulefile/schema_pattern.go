package rulefile

// ref refers to one of patternSchemas.
func ref(name string) schema { return schema{"$ref": "#/$defs/" + name} }

// said gives a schema its description.
func said(description string, s schema) schema {
	s["description"] = description
	return s
}

var textSchema = schema{"type": "string"}

// orIgnoringCase is an operand that is text, or text whose case does not count.
var orIgnoringCase = schema{"anyOf": []schema{textSchema, {
	"type": "object", "required": []string{"equals-ignore-case"}, "additionalProperties": false,
	"properties": schema{"equals-ignore-case": said("Upper and lower case do not count.", schema{"type": "string"})},
}}}

// patternSchemas describe EventBridge's event patterns as far as a schema can: an editor
// completes the operators with it. rules/pattern knows the rest.
var patternSchemas = schema{
	"fields": schema{
		"type":          "object",
		"minProperties": 1,
		"properties": schema{
			"$or": said("Alternatives, of which at least one holds.", schema{"type": "array", "minItems": 2, "items": ref("fields")}),
		},
		"additionalProperties": schema{"anyOf": []schema{ref("alternatives"), ref("fields")}},
	},
	"alternatives": said("Values and matchers, of which at least one holds.",
		schema{"type": "array", "minItems": 1, "items": schema{"anyOf": []schema{
			{"type": []string{"string", "number", "boolean", "null"}}, ref("matcher")}}}),
	"matcher": schema{
		"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false,
		"properties": schema{
			"prefix":             said("Text that begins with this.", clone(orIgnoringCase)),
			"suffix":             said("Text that ends with this.", clone(orIgnoringCase)),
			"equals-ignore-case": said("This text; upper and lower case do not count.", schema{"type": "string"}),
			"wildcard":           said("Text that looks like this; * stands for anything.", schema{"type": "string"}),
			"exactly":            said("This text and no other spelling of it.", schema{"type": "string"}),
			"numeric":            said("A number in a range, as [\">=\", 0, \"<\", 100].", schema{"type": "array", "minItems": 2, "maxItems": 4}),
			"cidr":               said("An address in this block, as 10.0.0.0/8.", schema{"type": "string"}),
			"exists":             said("Whether there is a value at all.", schema{"type": "boolean"}),
			"anything-but":       said("Any value but this, these, or those with this prefix, suffix or wildcard.", schema{"type": []string{"string", "number", "array", "object"}}),
		},
	},
}

// clone copies the top of a schema.
func clone(s schema) schema {
	out := schema{}
	for k, v := range s {
		out[k] = v
	}
	return out
}
