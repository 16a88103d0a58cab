// Package local is the list of the AWS services that run in this process beside the
// event buses: what targets in mode local talk to and AWS clients read back.
package local

import (
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/service/autoscaling"
	"github.com/tocsin-engine/tocsin/runtime/service/ec2"
	"github.com/tocsin-engine/tocsin/runtime/service/kinesis"
	"github.com/tocsin-engine/tocsin/runtime/service/sns"
	"github.com/tocsin-engine/tocsin/runtime/service/sqs"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// Operations are those of all local services on one store.
func Operations(st store.State, now func() time.Time, log hclog.Logger) []service.Operation {
	queues := sqs.New(st, now, log)
	all := queues.Operations()
	all = append(all, sns.New(st, now, queues, log).Operations()...)
	all = append(all, kinesis.New(st, now, log).Operations()...)
	all = append(all, autoscaling.New(st, now, log).Operations()...)
	return append(all, ec2.New(st, now, log).Operations()...)
}
