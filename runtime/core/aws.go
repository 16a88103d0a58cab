package core

import (
	"context"

	"github.com/tocsin-engine/tocsin/runtime/awsapi"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// awsCalls makes the signed calls of `mode: aws`. Its client is set once the services
// are there, whose types the calls have; before that nothing is delivered.
type awsCalls struct{ client *awsapi.Client }

// Call makes a signed call.
func (c *awsCalls) Call(ctx context.Context, r abi.AWSRequest) (abi.AWSResponse, abi.Errno) {
	return c.client.Call(ctx, r)
}
