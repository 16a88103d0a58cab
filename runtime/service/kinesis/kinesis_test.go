package kinesis

import (
	"errors"
	"fmt"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store/memory"
)

// bench is a service on a store in memory with a clock that stands still.
type bench struct {
	*Service
	t      *testing.T
	caller service.Caller
	clock  time.Time
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, clock: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		caller: service.Caller{Account: "123456789012", Region: "eu-west-1"}}
	b.Service = New(memory.New(memory.Config{}), func() time.Time { return b.clock }, nil)
	return b
}

func (b *bench) create(name string, shards int) {
	b.t.Helper()
	if _, err := b.CreateStream(b.t.Context(), b.caller, &CreateStreamRequest{StreamName: name, ShardCount: &shards}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) put(stream, key, data string) *PutRecordResponse {
	b.t.Helper()
	r, err := b.PutRecord(b.t.Context(), b.caller, &PutRecordRequest{StreamName: stream, PartitionKey: key, Data: []byte(data)})
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

func (b *bench) iterate(r GetShardIteratorRequest) string {
	b.t.Helper()
	i, err := b.GetShardIterator(b.t.Context(), b.caller, &r)
	if err != nil {
		b.t.Fatal(err)
	}
	return i.ShardIterator
}

func (b *bench) get(iterator string, limit int) *GetRecordsResponse {
	b.t.Helper()
	r, err := b.GetRecords(b.t.Context(), b.caller, &GetRecordsRequest{ShardIterator: iterator, Limit: limit})
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

func data(r *GetRecordsResponse) []string {
	out := []string{}
	for _, x := range r.Records {
		out = append(out, string(x.Data))
	}
	return out
}

func codeOf(err error) string {
	if e, ok := errors.AsType[*service.Error](err); ok {
		return e.Code
	}
	return fmt.Sprint(err)
}

func TestIterators(t *testing.T) {
	b := newBench(t)
	b.create("s", 1)
	shard := shardID(0)
	start := b.clock
	var numbers []string
	for i := range 4 {
		numbers = append(numbers, b.put("s", "k", fmt.Sprint(i)).SequenceNumber)
		b.clock = b.clock.Add(time.Minute)
	}
	for _, tc := range []struct {
		name string
		r    GetShardIteratorRequest
		want []string
	}{
		{"from the start", GetShardIteratorRequest{ShardIteratorType: "TRIM_HORIZON"}, []string{"0", "1", "2", "3"}},
		{"only new ones", GetShardIteratorRequest{ShardIteratorType: "LATEST"}, []string{}},
		{"at a number", GetShardIteratorRequest{ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber: numbers[2]}, []string{"2", "3"}},
		{"after a number", GetShardIteratorRequest{ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber: numbers[2]}, []string{"3"}},
		{"at the shard's own number", GetShardIteratorRequest{ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber: sequence(0)}, []string{"0", "1", "2", "3"}},
		{"at a time", GetShardIteratorRequest{ShardIteratorType: "AT_TIMESTAMP", Timestamp: start.Add(30 * time.Second)}, []string{"1", "2", "3"}},
		{"at a time to come", GetShardIteratorRequest{ShardIteratorType: "AT_TIMESTAMP", Timestamp: b.clock.Add(time.Hour)}, []string{}},
	} {
		tc.r.StreamName, tc.r.ShardID = "s", shard
		if diff := cmp.Diff(tc.want, data(b.get(b.iterate(tc.r), 0))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

func TestReadingOn(t *testing.T) {
	b := newBench(t)
	b.create("s", 1)
	i := b.iterate(GetShardIteratorRequest{StreamName: "s", ShardID: shardID(0), ShardIteratorType: "LATEST"})
	for n := range 250 {
		b.put("s", "k", fmt.Sprint(n))
	}
	b.clock = b.clock.Add(2 * time.Second)
	first := b.get(i, 120)
	if len(first.Records) != 120 || first.MillisBehindLatest != 2000 {
		t.Fatalf("%d records, %d ms behind; want 120 and 2000", len(first.Records), first.MillisBehindLatest)
	}
	second := b.get(first.NextShardIterator, 0)
	if len(second.Records) != 130 || second.MillisBehindLatest != 0 || string(second.Records[0].Data) != "120" {
		t.Errorf("%d records from %q, %d ms behind", len(second.Records), second.Records[0].Data, second.MillisBehindLatest)
	}
	b.clock = b.clock.Add(5*time.Minute + time.Second)
	_, err := b.GetRecords(t.Context(), b.caller, &GetRecordsRequest{ShardIterator: second.NextShardIterator})
	if codeOf(err) != "ExpiredIteratorException" {
		t.Errorf("an old iterator: %v", err)
	}
	b.clock = b.clock.Add(24 * time.Hour)
	i = b.iterate(GetShardIteratorRequest{StreamName: "s", ShardID: shardID(0), ShardIteratorType: "TRIM_HORIZON"})
	if got := data(b.get(i, 0)); len(got) != 0 {
		t.Errorf("%d records are kept longer than a day", len(got))
	}
}

func TestShardsByHash(t *testing.T) {
	b := newBench(t)
	b.create("s", 3)
	r, err := b.DescribeStream(t.Context(), b.caller, &DescribeStreamRequest{StreamName: "s"})
	if err != nil {
		t.Fatal(err)
	}
	next := new(big.Int)
	for _, s := range r.StreamDescription.Shards {
		if s.HashKeyRange.StartingHashKey != next.String() {
			t.Errorf("%s starts at %s, want %s", s.ShardID, s.HashKeyRange.StartingHashKey, next)
		}
		next.SetString(s.HashKeyRange.EndingHashKey, 10)
		next.Add(next, big.NewInt(1))
		for _, key := range []string{s.HashKeyRange.StartingHashKey, s.HashKeyRange.EndingHashKey} {
			put, err := b.PutRecord(t.Context(), b.caller, &PutRecordRequest{StreamName: "s", PartitionKey: "k", ExplicitHashKey: key})
			if err != nil || put.ShardID != s.ShardID {
				t.Errorf("hash key %s went to %+v (%v), want %s", key, put, err, s.ShardID)
			}
		}
	}
	if next.Cmp(hashKeys) != 0 {
		t.Errorf("the last shard ends before %s, not before 2^128", next)
	}
	// MD5("a") = 0cc1…, MD5("b") = 92eb…, MD5("e") = e167…: one for each third.
	for shard, key := range []string{"a", "b", "e"} {
		if got := b.put("s", key, "x").ShardID; got != shardID(shard) {
			t.Errorf("key %s went to %s, want shard %d", key, got, shard)
		}
	}
}

func TestPutRecords(t *testing.T) {
	b := newBench(t)
	b.create("s", 2)
	r := &PutRecordsRequest{StreamName: "s"}
	for i := range 500 {
		r.Records = append(r.Records, PutEntry{Data: fmt.Append(nil, i), PartitionKey: fmt.Sprint(i)})
	}
	out, err := b.PutRecords(t.Context(), b.caller, r)
	if err != nil || out.FailedRecordCount != 0 || len(out.Records) != 500 {
		t.Fatalf("%+v, %v", out, err)
	}
	last, seen := map[string]string{}, 0
	for i, x := range out.Records {
		if x.SequenceNumber <= last[x.ShardID] {
			t.Fatalf("record %d has number %s after %s", i, x.SequenceNumber, last[x.ShardID])
		}
		last[x.ShardID] = x.SequenceNumber
	}
	for shard := range 2 {
		got := b.get(b.iterate(GetShardIteratorRequest{StreamName: "s", ShardID: shardID(shard), ShardIteratorType: "TRIM_HORIZON"}), 0)
		seen += len(got.Records)
	}
	if seen != 500 {
		t.Errorf("%d records are there, want 500", seen)
	}
}

func TestRefusals(t *testing.T) {
	b := newBench(t)
	b.create("s", 1)
	ctx, c := t.Context(), b.caller
	zero, one := 0, 1
	for _, tc := range []struct {
		name, want string
		err        error
	}{
		{"no stream", "ResourceNotFoundException", second(b.PutRecord(ctx, c, &PutRecordRequest{StreamName: "no", PartitionKey: "k"}))},
		{"no name", "ValidationException", second(b.DescribeStreamSummary(ctx, c, &StreamRequest{}))},
		{"twice", "ResourceInUseException", second(b.CreateStream(ctx, c, &CreateStreamRequest{StreamName: "s", ShardCount: &one}))},
		{"no shards", "ValidationException", second(b.CreateStream(ctx, c, &CreateStreamRequest{StreamName: "t", ShardCount: &zero}))},
		{"no key", "ValidationException", second(b.PutRecord(ctx, c, &PutRecordRequest{StreamName: "s"}))},
		{"too big", "ValidationException", second(b.PutRecord(ctx, c, &PutRecordRequest{StreamName: "s", PartitionKey: "k", Data: make([]byte, 1<<20)}))},
		{"hash key", "InvalidArgumentException", second(b.PutRecord(ctx, c, &PutRecordRequest{StreamName: "s", PartitionKey: "k", ExplicitHashKey: hashKeys.String()}))},
		{"no records", "ValidationException", second(b.PutRecords(ctx, c, &PutRecordsRequest{StreamName: "s"}))},
		{"no shard", "ResourceNotFoundException", second(b.GetShardIterator(ctx, c, &GetShardIteratorRequest{StreamName: "s", ShardID: "shardId-000000000001", ShardIteratorType: "LATEST"}))},
		{"no type", "ValidationException", second(b.GetShardIterator(ctx, c, &GetShardIteratorRequest{StreamName: "s", ShardID: shardID(0)}))},
		{"no number", "InvalidArgumentException", second(b.GetShardIterator(ctx, c, &GetShardIteratorRequest{StreamName: "s", ShardID: shardID(0), ShardIteratorType: "AT_SEQUENCE_NUMBER"}))},
		{"no iterator", "InvalidArgumentException", second(b.GetRecords(ctx, c, &GetRecordsRequest{ShardIterator: "AAAA"}))},
		{"no token", "InvalidArgumentException", second(b.ListShards(ctx, c, &ListShardsRequest{NextToken: "x"}))},
	} {
		if got := codeOf(tc.err); got != tc.want {
			t.Errorf("%s: error %v, want %s", tc.name, tc.err, tc.want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestStreams(t *testing.T) {
	b := newBench(t)
	ctx, c := t.Context(), b.caller
	b.create("a", 3)
	b.create("b", 1)
	list, err := b.ListStreams(ctx, c, &ListStreamsRequest{Limit: 1})
	if err != nil || !list.HasMoreStreams || !cmp.Equal(list.StreamNames, []string{"a"}) {
		t.Errorf("first page %+v, %v", list, err)
	}
	list, err = b.ListStreams(ctx, c, &ListStreamsRequest{Limit: 1, NextToken: list.NextToken})
	if err != nil || list.HasMoreStreams || !cmp.Equal(list.StreamNames, []string{"b"}) {
		t.Errorf("second page %+v, %v", list, err)
	}
	shards, err := b.ListShards(ctx, c, &ListShardsRequest{StreamName: "a", MaxResults: 2})
	if err != nil || len(shards.Shards) != 2 {
		t.Fatalf("shards %+v, %v", shards, err)
	}
	shards, err = b.ListShards(ctx, c, &ListShardsRequest{NextToken: shards.NextToken})
	if err != nil || len(shards.Shards) != 1 || shards.NextToken != "" {
		t.Errorf("the rest of the shards %+v, %v", shards, err)
	}
	b.put("b", "k", "old")
	if _, err := b.DeleteStream(ctx, c, &StreamRequest{StreamARN: "arn:aws:kinesis:eu-west-1:123456789012:stream/b"}); err != nil {
		t.Fatal(err)
	}
	b.create("b", 1)
	i := b.iterate(GetShardIteratorRequest{StreamName: "b", ShardID: shardID(0), ShardIteratorType: "TRIM_HORIZON"})
	if got := data(b.get(i, 0)); len(got) != 0 {
		t.Errorf("a new stream holds %q of the deleted one", got)
	}
}

func TestLocalTargetsMakeTheirStreams(t *testing.T) {
	b := newBench(t)
	b.caller.Create = true
	if got := b.put("new", "k", "x").ShardID; got != shardID(0) {
		t.Errorf("record in %s", got)
	}
}

func TestPut_hammer(t *testing.T) {
	b := newBench(t)
	b.create("s", 1)
	const senders, each = 4, 50
	var wg sync.WaitGroup
	for p := range senders {
		wg.Go(func() {
			for i := range each {
				b.put("s", "k", fmt.Sprint(p, "-", i))
			}
		})
	}
	wg.Wait()
	i := b.iterate(GetShardIteratorRequest{StreamName: "s", ShardID: shardID(0), ShardIteratorType: "TRIM_HORIZON"})
	next := map[int]int{}
	for _, text := range data(b.get(i, 0)) {
		var p, n int
		if _, err := fmt.Sscanf(text, "%d-%d", &p, &n); err != nil {
			t.Fatal(err)
		}
		if next[p] != n {
			t.Errorf("sender %d: record %d follows %d", p, n, next[p]-1)
		}
		next[p]++
	}
	for p := range senders {
		if next[p] != each {
			t.Errorf("sender %d: %d records, want %d", p, next[p], each)
		}
	}
}

func FuzzReadIterator(f *testing.F) {
	f.Add("")
	f.Add(token("s", shardID(0), "0", "1772366400000"))
	f.Add(token("s", shardID(0), "-1", "x"))
	s := New(memory.New(memory.Config{}), func() time.Time { return time.UnixMilli(1772366400000) }, nil)
	f.Fuzz(func(t *testing.T, text string) {
		i, err := s.readIterator(text)
		if err != nil {
			return
		}
		again, err := s.readIterator(s.iterator(i))
		if err != nil || again != i {
			t.Errorf("iterator %+v comes back as %+v, %v", i, again, err)
		}
	})
}

func FuzzReadSequence(f *testing.F) {
	f.Add(sequence(0))
	f.Add(sequence(^uint64(0)))
	f.Add("49")
	f.Fuzz(func(t *testing.T, text string) {
		if n, ok := readSequence(text); ok && sequence(n) != text {
			t.Errorf("readSequence(%q) = %d, which is written %s", text, n, sequence(n))
		}
	})
}
