package app

import (
	"context"
	"sync"

	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/runtime/awsapi"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// awsCalls makes the client of `mode: aws` when the first such call comes: a machine
// without such targets needs no AWS configuration, not even a correct one.
type awsCalls struct {
	app    *App
	log    hclog.Logger
	once   sync.Once
	client *awsapi.Client
	err    error
}

// Call makes a signed call.
func (c *awsCalls) Call(ctx context.Context, r abi.AWSRequest) (abi.AWSResponse, abi.Errno) {
	c.once.Do(func() {
		c.client, c.err = awsapi.NewClient(ctx, awsapi.ClientConfig{Table: c.app.table, Now: c.app.now, Log: c.log})
		if c.err != nil {
			c.log.Error("calls to AWS cannot be signed", "error", c.err)
		}
	})
	if c.err != nil {
		return abi.AWSResponse{}, abi.Unavailable
	}
	return c.client.Call(ctx, r)
}
