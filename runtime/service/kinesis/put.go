package kinesis

import (
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// The service's limits.
const (
	maxRecord  = 1 << 20 // data and key
	maxRequest = 5 << 20
	maxEntries = 500
	// chunk is how many records one commit holds, beside the shard's last number.
	chunk = store.MaxSwaps - 1
)

// record is what is stored of one, under record/STREAM/SHARD/SEQUENCE.
type record struct {
	Key  string
	Data []byte
	// At is in milliseconds since 1970.
	At int64
}

func lastKey(stream string, shard int) string {
	return "last/" + stream + "/" + shardID(shard)
}

func recordPrefix(stream, shard string) string { return "record/" + stream + "/" + shard + "/" }

// sequence writes a sequence number as long as AWS's, so that text order is order.
func sequence(n uint64) string { return fmt.Sprintf("49%054d", n) }

func readSequence(s string) (uint64, bool) {
	digits, ok := strings.CutPrefix(s, "49")
	if !ok || len(s) != 56 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil
}

// PutRecord puts one record.
func (s *Service) PutRecord(ctx context.Context, c service.Caller, r *PutRecordRequest) (*PutRecordResponse, error) {
	x, err := s.open(ctx, c, r.StreamName, r.StreamARN)
	if err != nil {
		return nil, err
	}
	e := PutEntry{Data: r.Data, PartitionKey: r.PartitionKey, ExplicitHashKey: r.ExplicitHashKey}
	shard, err := place(x.Value, e)
	if err != nil {
		return nil, err
	}
	first, err := s.put(ctx, x.Value, shard, []PutEntry{e})
	if err != nil {
		return nil, err
	}
	return &PutRecordResponse{ShardID: shardID(shard), SequenceNumber: sequence(first), EncryptionType: "NONE"}, nil
}

// PutRecords puts up to 500 records. The order of those for one shard is kept.
func (s *Service) PutRecords(ctx context.Context, c service.Caller, r *PutRecordsRequest) (*PutRecordsResponse, error) {
	x, err := s.open(ctx, c, r.StreamName, r.StreamARN)
	if err != nil {
		return nil, err
	}
	byShard, err := sortEntries(x.Value, r.Records)
	if err != nil {
		return nil, err
	}
	out := &PutRecordsResponse{Records: make([]PutResult, len(r.Records)), EncryptionType: "NONE"}
	for shard, places := range byShard {
		for from := 0; from < len(places); from += chunk {
			some := places[from:min(from+chunk, len(places))]
			entries := make([]PutEntry, len(some))
			for i, at := range some {
				entries[i] = r.Records[at]
			}
			first, err := s.put(ctx, x.Value, shard, entries)
			for i, at := range some {
				out.Records[at] = PutResult{ShardID: shardID(shard), SequenceNumber: sequence(first + uint64(i))}
				if err != nil {
					out.Records[at] = PutResult{ErrorCode: "InternalFailure", ErrorMessage: visible(err)}
					out.FailedRecordCount++
				}
			}
		}
	}
	return out, nil
}

// visible is what a client may see of an error.
func visible(err error) string {
	if e, ok := errors.AsType[*service.Error](err); ok {
		return e.Message
	}
	return "Internal service failure."
}

// sortEntries checks all entries and gives each shard the places of its own.
func sortEntries(x stream, entries []PutEntry) ([][]int, error) {
	if len(entries) == 0 || len(entries) > maxEntries {
		return nil, constraint(len(entries), "records", "have length between 1 and 500")
	}
	byShard, bytes := make([][]int, x.Shards), 0
	for i, e := range entries {
		shard, err := place(x, e)
		if err != nil {
			return nil, err
		}
		byShard[shard] = append(byShard[shard], i)
		bytes += len(e.Data) + len(e.PartitionKey)
	}
	if bytes > maxRequest {
		return nil, invalid("Records size exceeds 5 MB limit")
	}
	return byShard, nil
}

// place checks a record and finds its shard: the MD5 of the key is the hash key.
func place(x stream, e PutEntry) (shard int, err error) {
	if n := utf8.RuneCountInString(e.PartitionKey); n < 1 || n > 256 {
		return 0, constraint(e.PartitionKey, "partitionKey", "have length between 1 and 256")
	}
	if len(e.Data)+len(e.PartitionKey) > maxRecord {
		return 0, constraint("java.nio.HeapByteBuffer", "data", "have length less than or equal to 1048576")
	}
	sum := md5.Sum([]byte(e.PartitionKey))
	hash := new(big.Int).SetBytes(sum[:])
	if e.ExplicitHashKey != "" {
		var ok bool
		if hash, ok = new(big.Int).SetString(e.ExplicitHashKey, 10); !ok || hash.Sign() < 0 || hash.Cmp(hashKeys) >= 0 {
			return 0, invalid("Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was %s", e.ExplicitHashKey)
		}
	}
	// shardStart rounds down, so the quotient may be one too low.
	i := int(new(big.Int).Rsh(new(big.Int).Mul(hash, big.NewInt(int64(x.Shards))), 128).Int64())
	for i+1 < x.Shards && hash.Cmp(shardStart(i+1, x.Shards)) >= 0 {
		i++
	}
	return i, nil
}

// put stores records of one shard in one commit and returns the first one's number.
// The shard's last number is swapped with them: that makes one order of all senders.
func (s *Service) put(ctx context.Context, x stream, shard int, entries []PutEntry) (first uint64, err error) {
	err = s.state.Retry(ctx, func() error {
		last, err := service.Get[uint64](ctx, s.state, lastKey(x.Name, shard))
		if err != nil {
			return err
		}
		now := s.now()
		first = last.Value + 1
		swaps := []store.Swap{s.state.Put(last.Key, last.Value+uint64(len(entries)), last.Version, time.Time{})}
		for i, e := range entries {
			key := recordPrefix(x.Name, shardID(shard)) + sequence(first+uint64(i))
			r := record{Key: e.PartitionKey, Data: e.Data, At: now.UnixMilli()}
			swaps = append(swaps, s.state.Put(key, r, store.AnyVersion, now.Add(retention)))
		}
		return s.state.Apply(ctx, swaps...)
	})
	return first, err
}
