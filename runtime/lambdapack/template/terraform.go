package template

import "github.com/tocsin-engine/tocsin/runtime/lambdapack"

// Terraform writes configuration for Terraform.
func Terraform(p lambdapack.Plan) []File { return nil }
