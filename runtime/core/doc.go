// Package core puts together what every host of the engine shares: sandbox, engine,
// services and rules, in the order in which they need each other. runtime/app makes a
// server of it, runtime/function a Lambda function.
//
// It holds nothing that only one of them needs, so that a function's program is small. It
// decides nothing: what can be chosen stands in config.Config.
package core
