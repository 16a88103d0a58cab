// Package function is the engine as an AWS Lambda function: core with lambdahost around it,
// made of what stands in the function's package.
//
//	bootstrap     runtime/cmd/bootstrap, or tocsin itself
//	rules/        the rule files
//	plugins/      NAME.pack for each plugin that they reach
//	tocsin.json   the inventory
//
// A function opens a plugin when an event first reaches one of its targets: only what an
// invocation needs is loaded for it.
package function
