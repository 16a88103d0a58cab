package rulefile

import "encoding/json"

// schema is a JSON Schema, or a part of one.
type schema map[string]any

func (anyText) schema() schema  { return schema{"type": "string"} }
func (w word) schema() schema   { return schema{"type": "string", "pattern": w.looks.String()} }
func (c choice) schema() schema { return schema{"enum": []string(c)} }
func (n integer) schema() schema {
	return schema{"type": "integer", "minimum": n.min, "maximum": n.max}
}
func (boolean) schema() schema      { return schema{"type": "boolean"} }
func (version) schema() schema      { return schema{"const": 1} }
func (anyObject) schema() schema    { return schema{"type": "object"} }
func (free) schema() schema         { return schema{} }
func (patternShape) schema() schema { return ref("fields") }
func (formula) schema() schema      { return schema{"type": []string{"string", "boolean", "number"}} }
func (duration) schema() schema     { return schema{"type": "string", "pattern": spans.String()} }
func (size) schema() schema {
	return schema{"type": []string{"string", "integer"}, "pattern": bytesText.String()}
}
func (t table) schema() schema {
	return schema{"type": "object", "additionalProperties": t.of.schema()}
}

func (l list) schema() schema {
	s := schema{"type": "array", "items": l.of.schema()}
	if l.min > 0 {
		s["minItems"] = l.min
	}
	return s
}

func (e either) schema() schema {
	var any []schema
	for _, s := range e.shapes {
		any = append(any, s.schema())
	}
	return schema{"anyOf": any}
}

func (o *object) schema() schema {
	properties := schema{}
	var required []string
	for _, f := range o.fields {
		if f.later {
			continue
		}
		p := schema{}
		for k, v := range f.of.schema() {
			p[k] = v
		}
		p["description"] = f.doc
		properties[f.name] = p
		if f.required {
			required = append(required, f.name)
		}
	}
	s := schema{"type": "object", "description": o.doc, "properties": properties, "additionalProperties": false}
	if required != nil {
		s["required"] = required
	}
	return s
}

// Schema is the JSON Schema (draft 2020-12) of rule files.
func Schema() []byte {
	return render(fileObject, "Tocsin rules", patternSchemas)
}

// render writes the schema of a whole file.
func render(o *object, title string, definitions schema) []byte {
	s := o.schema()
	if definitions != nil {
		s["$defs"] = definitions
	}
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = title
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic("BUG: the schema is no JSON: " + err.Error())
	}
	return append(b, '\n')
}

// TestSchema is the JSON Schema (draft 2020-12) of test files.
func TestSchema() []byte {
	return render(testFileObject, "Tocsin tests", nil)
}
