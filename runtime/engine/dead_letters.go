package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

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
		if value = storable(value); value != "" {
			attributes[name] = map[string]string{"DataType": "String", "StringValue": value}
		}
	}
	message := map[string]any{
		"QueueUrl": queue, "MessageBody": escaped(d.Entry.Raw), "MessageAttributes": attributes,
	}
	if strings.HasSuffix(queue, ".fifo") {
		sum := sha256.Sum256([]byte(d.Entry.ID + "\n" + d.Rule + "\n" + d.Target))
		message["MessageGroupId"], message["MessageDeduplicationId"] = "dead-letters", hex.EncodeToString(sum[:])
	}
	params, err := json.Marshal(message)
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

// maxReason cuts what a plugin said: a dead letter must never be too large for its queue.
const maxReason = 1024

// storable makes a reason that a queue takes: what a plugin said must not keep its dead
// letter from being stored.
func storable(reason string) string {
	reason = strings.Map(func(r rune) rune {
		if !queueable(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(reason, "?"))
	if len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "")
	}
	return reason
}

// queueable says whether a queue takes a character; they are XML's.
func queueable(r rune) bool {
	return r >= ' ' && r != 0xFFFE && r != 0xFFFF || r == '\t' || r == '\n' || r == '\r'
}

// escaped writes the characters that a queue refuses as JSON's escapes: the same event.
// In JSON text they can stand in strings only.
func escaped(raw []byte) string {
	return strings.NewReplacer("\uFFFE", `\uFFFE`, "\uFFFF", `\uFFFF`).Replace(string(raw))
}

// targetARN names a target where EventBridge would name the resource it calls.
func (e *Engine) targetARN(target string) string {
	return "arn:aws:tocsin:" + e.config.Region + ":" + e.config.Account + ":target/" + target
}
