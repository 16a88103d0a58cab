package template

import (
	"encoding/json"
	"text/template"

	"github.com/tocsin-engine/tocsin/runtime/lambdapack"
)

// SAM writes a template of the AWS Serverless Application Model: template.yaml.
//
// What invokes the function stands there as resources and not as the function's Events,
// with which SAM writes permissions that nobody sees.
func SAM(p lambdapack.Plan) []File {
	return render("sam", template.FuncMap{
		"q": quote, "sub": sub,
		"pattern": func(indent int, raw json.RawMessage) string { return layout(indent, cloudFormation(raw)) },
	}, p)
}

// cloudFormation is a pattern that CloudFormation takes; one of which nothing is left
// takes every event.
func cloudFormation(raw json.RawMessage) value {
	v, ok := parse(raw).withoutNull()
	if !ok {
		return parse(json.RawMessage(`{"source": [{"prefix": ""}]}`))
	}
	return v
}
