// Package kinesis is a local Amazon Kinesis Data Streams: streams whose records live in
// the store, shard by shard, in the order of their sequence numbers.
//
// What it does: create, delete, describe and list streams and shards; PutRecord and
// PutRecords by the MD5 of the partition key or an explicit hash key; shard iterators
// of all types, which end after five minutes; GetRecords with MillisBehindLatest.
//
// What it does not: the shards of a stream are fixed when it is made (no split, merge or
// UpdateShardCount; ON_DEMAND means four), records are kept for 24 hours, a stream is
// ACTIVE at once and gone at once, throughput is not limited, nothing is encrypted, and
// there are no registered consumers (SubscribeToShard).
//
// A stream named by a target in mode local is made with one shard when it is missing
// (Caller.Create).
package kinesis
