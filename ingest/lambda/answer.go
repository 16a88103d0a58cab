package lambda

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-lambda-go/events"
)

// Answer is what the function returns for a payload with records. failed has an entry
// for each record, in their order: nil, or why the record is to come again.
//
// Streams get the first record that failed, from which on they send again; queues get
// each one, FIFO queues also all behind the first; Firehose gets every record back.
// Other senders know only that an invocation failed, which makes Lambda invoke again: for
// them failures are returned as an error.
func (p Payload) Answer(failed []error) ([]byte, error) {
	if len(failed) != len(p.Records) {
		panic(fmt.Sprintf("BUG: %d verdicts for %d records", len(failed), len(p.Records)))
	}
	switch p.Kind {
	case Firehose:
		return p.transformed(failed)
	case Kinesis, DynamoDB, SQS:
		return p.itemFailures(failed)
	}
	if err := errors.Join(failed...); err != nil {
		return nil, err
	}
	return []byte("null"), nil
}

// itemFailures names the records that are to come again. One without a name would fail
// the batch without a word, so the batch fails with one.
func (p Payload) itemFailures(failed []error) ([]byte, error) {
	answer := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for i, r := range p.Records {
		behind := p.FIFO && len(answer.BatchItemFailures) > 0
		if failed[i] == nil && !behind {
			continue
		}
		if r.ID == "" {
			return nil, fmt.Errorf("record %d of the batch has no id, so the whole batch fails: %w", i, errors.Join(failed...))
		}
		answer.BatchItemFailures = append(answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: r.ID})
		if p.Kind != SQS {
			break
		}
	}
	return json.Marshal(answer)
}

// transformedRecord answers one record of Firehose. aws-lambda-go's type also writes
// empty partition keys and an empty table name, which are instructions of their own.
type transformedRecord struct {
	RecordID string `json:"recordId"`
	Result   string `json:"result"`
	Data     []byte `json:"data"`
}

// transformed gives Firehose each record once, its data unchanged: the function watches
// the stream and does not change it.
func (p Payload) transformed(failed []error) ([]byte, error) {
	records := make([]transformedRecord, len(p.Records))
	for i, r := range p.Records {
		records[i] = transformedRecord{r.ID, events.KinesisFirehoseTransformedStateOk, r.Data}
		if failed[i] != nil {
			records[i].Result = events.KinesisFirehoseTransformedStateProcessingFailed
		}
	}
	return json.Marshal(map[string]any{"records": records})
}
