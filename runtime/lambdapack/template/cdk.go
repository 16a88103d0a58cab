package template

import "github.com/tocsin-engine/tocsin/runtime/lambdapack"

// CDK writes a CDK project in TypeScript.
func CDK(p lambdapack.Plan) []File { return nil }
