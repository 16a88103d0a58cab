package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// deadLetterQueues sends dead letters to queues of the SQS service in this process, as
// EventBridge does: the body is the event as it came in, the reasons are attributes.
type deadLetterQueues struct{ *Engine }

// Send puts a dead letter into a queue.
func (q deadLetterQueues) Send(ctx context.Context, queue string, d store.DeadLetter) error {
	attributes := map[string]any{}
	for name, value := range map[string]string{
		"RULE_ARN": q.ruleARN(d.Rule, d.Entry.Bus), "TARGET_ARN": q.targetARN(d.Target),
		"ERROR_CODE": d.Code, "ERROR_MESSAGE": d.Message, "EXHAUSTED_RETRY_CONDITION": d.Exhausted,
		"RETRY_ATTEMPTS": strconv.Itoa(max(0, d.Attempts-1)),
	} {
		if value != "" {
			attributes[name] = map[string]string{"DataType": "String", "StringValue": value}
		}
	}
	params, err := json.Marshal(map[string]any{
		"QueueUrl": queue, "MessageBody": string(d.Entry.Raw), "MessageAttributes": attributes,
	})
	if err != nil {
		return err
	}
	answer, errno := q.callLocal(ctx, d.Target, abi.AWSRequest{Service: "sqs", Action: "SendMessage", Params: params})
	switch {
	case errno == abi.NotFound:
		return fmt.Errorf("this tocsin runs no sqs service")
	case answer.Error != nil:
		return fmt.Errorf("%s: %s", answer.Error.Code, answer.Error.Message)
	}
	return nil
}

// targetARN names a target where EventBridge would name the resource it calls.
func (e *Engine) targetARN(target string) string {
	return "arn:aws:tocsin:" + e.config.Region + ":" + e.config.Account + ":target/" + target
}
