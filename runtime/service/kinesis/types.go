package kinesis

import "time"

// CreateStreamRequest makes a stream.
type CreateStreamRequest struct {
	StreamName        string       `json:"StreamName"`
	ShardCount        *int         `json:"ShardCount,omitempty"`
	StreamModeDetails *ModeDetails `json:"StreamModeDetails,omitempty"`
}

// ModeDetails is PROVISIONED or ON_DEMAND.
type ModeDetails struct {
	StreamMode string `json:"StreamMode"`
}

// StreamRequest is a call about one stream, by name or ARN.
type StreamRequest struct {
	StreamName string `json:"StreamName,omitempty"`
	StreamARN  string `json:"StreamARN,omitempty"`
}

// DescribeStreamRequest asks for a stream and a page of its shards.
type DescribeStreamRequest struct {
	StreamName            string `json:"StreamName,omitempty"`
	StreamARN             string `json:"StreamARN,omitempty"`
	Limit                 int    `json:"Limit,omitempty"`
	ExclusiveStartShardID string `json:"ExclusiveStartShardId,omitempty"`
}

// DescribeStreamResponse is a stream with shards.
type DescribeStreamResponse struct {
	StreamDescription Description `json:"StreamDescription"`
}

// Description is a stream as DescribeStream tells it.
type Description struct {
	StreamName              string       `json:"StreamName"`
	StreamARN               string       `json:"StreamARN"`
	StreamStatus            string       `json:"StreamStatus"`
	StreamModeDetails       ModeDetails  `json:"StreamModeDetails"`
	Shards                  []Shard      `json:"Shards"`
	HasMoreShards           bool         `json:"HasMoreShards"`
	RetentionPeriodHours    int          `json:"RetentionPeriodHours"`
	StreamCreationTimestamp time.Time    `json:"StreamCreationTimestamp"`
	EnhancedMonitoring      []Monitoring `json:"EnhancedMonitoring"`
	EncryptionType          string       `json:"EncryptionType"`
}

// Monitoring lists shard metrics; there are none here.
type Monitoring struct {
	ShardLevelMetrics []string `json:"ShardLevelMetrics"`
}

// Shard is a part of a stream.
type Shard struct {
	ShardID             string        `json:"ShardId"`
	HashKeyRange        HashKeyRange  `json:"HashKeyRange"`
	SequenceNumberRange SequenceRange `json:"SequenceNumberRange"`
}

// HashKeyRange is what a shard takes, both ends included.
type HashKeyRange struct {
	StartingHashKey string `json:"StartingHashKey"`
	EndingHashKey   string `json:"EndingHashKey"`
}

// SequenceRange begins below the shard's first record.
type SequenceRange struct {
	StartingSequenceNumber string `json:"StartingSequenceNumber"`
}

// DescribeSummaryResponse is a stream without its shards.
type DescribeSummaryResponse struct {
	StreamDescriptionSummary DescriptionSummary `json:"StreamDescriptionSummary"`
}

// DescriptionSummary is a stream as DescribeStreamSummary tells it.
type DescriptionSummary struct {
	StreamName              string       `json:"StreamName"`
	StreamARN               string       `json:"StreamARN"`
	StreamStatus            string       `json:"StreamStatus"`
	StreamModeDetails       ModeDetails  `json:"StreamModeDetails"`
	RetentionPeriodHours    int          `json:"RetentionPeriodHours"`
	StreamCreationTimestamp time.Time    `json:"StreamCreationTimestamp"`
	EnhancedMonitoring      []Monitoring `json:"EnhancedMonitoring"`
	EncryptionType          string       `json:"EncryptionType"`
	OpenShardCount          int          `json:"OpenShardCount"`
	ConsumerCount           int          `json:"ConsumerCount"`
}

// ListStreamsRequest asks for a page of streams.
type ListStreamsRequest struct {
	Limit                    int    `json:"Limit,omitempty"`
	ExclusiveStartStreamName string `json:"ExclusiveStartStreamName,omitempty"`
	NextToken                string `json:"NextToken,omitempty"`
}

// ListStreamsResponse is a page of streams.
type ListStreamsResponse struct {
	StreamNames     []string  `json:"StreamNames"`
	HasMoreStreams  bool      `json:"HasMoreStreams"`
	NextToken       string    `json:"NextToken,omitempty"`
	StreamSummaries []Summary `json:"StreamSummaries"`
}

// Summary is a stream in a list.
type Summary struct {
	StreamName              string      `json:"StreamName"`
	StreamARN               string      `json:"StreamARN"`
	StreamStatus            string      `json:"StreamStatus"`
	StreamModeDetails       ModeDetails `json:"StreamModeDetails"`
	StreamCreationTimestamp time.Time   `json:"StreamCreationTimestamp"`
}

// ListShardsRequest asks for a page of shards.
type ListShardsRequest struct {
	StreamName            string `json:"StreamName,omitempty"`
	StreamARN             string `json:"StreamARN,omitempty"`
	NextToken             string `json:"NextToken,omitempty"`
	ExclusiveStartShardID string `json:"ExclusiveStartShardId,omitempty"`
	MaxResults            int    `json:"MaxResults,omitempty"`
}

// ListShardsResponse is a page of shards.
type ListShardsResponse struct {
	Shards    []Shard `json:"Shards"`
	NextToken string  `json:"NextToken,omitempty"`
}

// PutRecordRequest puts one record.
type PutRecordRequest struct {
	StreamName                string `json:"StreamName,omitempty"`
	StreamARN                 string `json:"StreamARN,omitempty"`
	Data                      []byte `json:"Data"`
	PartitionKey              string `json:"PartitionKey"`
	ExplicitHashKey           string `json:"ExplicitHashKey,omitempty"`
	SequenceNumberForOrdering string `json:"SequenceNumberForOrdering,omitempty"`
}

// PutRecordResponse tells where it went.
type PutRecordResponse struct {
	ShardID        string `json:"ShardId"`
	SequenceNumber string `json:"SequenceNumber"`
	EncryptionType string `json:"EncryptionType"`
}

// PutRecordsRequest puts up to 500 records.
type PutRecordsRequest struct {
	StreamName string     `json:"StreamName,omitempty"`
	StreamARN  string     `json:"StreamARN,omitempty"`
	Records    []PutEntry `json:"Records"`
}

// PutEntry is one record to put.
type PutEntry struct {
	Data            []byte `json:"Data"`
	PartitionKey    string `json:"PartitionKey"`
	ExplicitHashKey string `json:"ExplicitHashKey,omitempty"`
}

// PutRecordsResponse tells each record's fate, in order.
type PutRecordsResponse struct {
	FailedRecordCount int         `json:"FailedRecordCount"`
	Records           []PutResult `json:"Records"`
	EncryptionType    string      `json:"EncryptionType"`
}

// PutResult is a place or an error.
type PutResult struct {
	SequenceNumber string `json:"SequenceNumber,omitempty"`
	ShardID        string `json:"ShardId,omitempty"`
	ErrorCode      string `json:"ErrorCode,omitempty"`
	ErrorMessage   string `json:"ErrorMessage,omitempty"`
}

// GetShardIteratorRequest asks for a place in a shard.
type GetShardIteratorRequest struct {
	StreamName             string    `json:"StreamName,omitempty"`
	StreamARN              string    `json:"StreamARN,omitempty"`
	ShardID                string    `json:"ShardId"`
	ShardIteratorType      string    `json:"ShardIteratorType"`
	StartingSequenceNumber string    `json:"StartingSequenceNumber,omitempty"`
	Timestamp              time.Time `json:"Timestamp"`
}

// ShardIterator is a place in a shard, good for five minutes.
type ShardIterator struct {
	ShardIterator string `json:"ShardIterator"`
}

// GetRecordsRequest reads on from a place.
type GetRecordsRequest struct {
	ShardIterator string `json:"ShardIterator"`
	Limit         int    `json:"Limit,omitempty"`
	StreamARN     string `json:"StreamARN,omitempty"`
}

// GetRecordsResponse holds records and the next place.
type GetRecordsResponse struct {
	Records            []Record `json:"Records"`
	NextShardIterator  string   `json:"NextShardIterator"`
	MillisBehindLatest int64    `json:"MillisBehindLatest"`
}

// Record is a record as it is read.
type Record struct {
	SequenceNumber              string    `json:"SequenceNumber"`
	ApproximateArrivalTimestamp time.Time `json:"ApproximateArrivalTimestamp"`
	Data                        []byte    `json:"Data"`
	PartitionKey                string    `json:"PartitionKey"`
	EncryptionType              string    `json:"EncryptionType"`
}
