package kinesis

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/service"
)

// The limits of reading.
const (
	iteratorLife = 5 * time.Minute
	maxRead      = 10 << 20
	readAtOnce   = 100
)

// token joins parts that have no space into something opaque.
func token(parts ...string) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Join(parts, " ")))
}

func readToken(t string, n int) ([]string, bool) {
	b, err := base64.StdEncoding.DecodeString(t)
	parts := strings.Split(string(b), " ")
	return parts, err == nil && len(parts) == n
}

// iterator stands behind a record of a shard: what follows has not been read.
type iterator struct {
	stream, shard string
	after         uint64
}

func (s *Service) iterator(i iterator) string {
	return token(i.stream, i.shard, strconv.FormatUint(i.after, 10), strconv.FormatInt(s.now().UnixMilli(), 10))
}

func (s *Service) readIterator(text string) (i iterator, err error) {
	part, ok := readToken(text, 4)
	if !ok {
		return i, invalid("Invalid ShardIterator.")
	}
	after, err1 := strconv.ParseUint(part[2], 10, 64)
	made, err2 := strconv.ParseInt(part[3], 10, 64)
	if err1 != nil || err2 != nil || !nameShape.MatchString(part[0]) {
		return i, invalid("Invalid ShardIterator.")
	}
	if age := s.now().Sub(time.UnixMilli(made)); age > iteratorLife {
		return i, service.Errorf("ExpiredIteratorException",
			"Iterator expired. The iterator was created %d minutes ago, which exceeds the limit of 5 minutes.", int(age.Minutes()))
	}
	return iterator{stream: part[0], shard: part[1], after: after}, nil
}

// GetShardIterator answers a place in a shard.
func (s *Service) GetShardIterator(ctx context.Context, c service.Caller, r *GetShardIteratorRequest) (*ShardIterator, error) {
	x, err := s.open(ctx, c, r.StreamName, r.StreamARN)
	if err != nil {
		return nil, err
	}
	shard, err := strconv.Atoi(strings.TrimPrefix(r.ShardID, "shardId-"))
	if err != nil || shard < 0 || shard >= x.Value.Shards || shardID(shard) != r.ShardID {
		return nil, service.Errorf("ResourceNotFoundException",
			"Shard %s in stream %s under account %s does not exist", r.ShardID, x.Value.Name, c.Account)
	}
	after, err := s.startingPoint(ctx, x.Value, shard, r)
	if err != nil {
		return nil, err
	}
	return &ShardIterator{ShardIterator: s.iterator(iterator{x.Value.Name, r.ShardID, after})}, nil
}

// startingPoint is the number behind which an iterator stands.
func (s *Service) startingPoint(ctx context.Context, x stream, shard int, r *GetShardIteratorRequest) (uint64, error) {
	last, err := service.Get[uint64](ctx, s.state, lastKey(x.Name, shard))
	if err != nil {
		return 0, err
	}
	switch r.ShardIteratorType {
	case "TRIM_HORIZON":
		return 0, nil
	case "LATEST":
		return last.Value, nil
	case "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER":
		n, ok := readSequence(r.StartingSequenceNumber)
		if !ok || n > last.Value {
			return 0, invalid("StartingSequenceNumber %s used in GetShardIterator on shard %s in stream %s is invalid.",
				r.StartingSequenceNumber, r.ShardID, x.Name)
		}
		if r.ShardIteratorType == "AT_SEQUENCE_NUMBER" && n > 0 {
			n--
		}
		return n, nil
	case "AT_TIMESTAMP":
		if r.Timestamp.IsZero() {
			return 0, invalid("Timestamp is required for an iterator of type AT_TIMESTAMP")
		}
		return s.before(ctx, x, r, last.Value)
	}
	return 0, constraint(r.ShardIteratorType, "shardIteratorType",
		"satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]")
}

// before is the number before the first record that came at or after a time.
func (s *Service) before(ctx context.Context, x stream, r *GetShardIteratorRequest, last uint64) (uint64, error) {
	at, found := r.Timestamp.UnixMilli(), last
	prefix := recordPrefix(x.Name, r.ShardID)
	err := service.All(ctx, s.state, prefix, readAtOnce, func(e service.Stored[record]) bool {
		if e.Value.At < at {
			return true
		}
		if n, ok := readSequence(strings.TrimPrefix(e.Key, prefix)); ok {
			found = n - 1
		}
		return false
	})
	return found, err
}

// GetRecords reads on from an iterator, up to Limit records or 10 MiB.
func (s *Service) GetRecords(ctx context.Context, _ service.Caller, r *GetRecordsRequest) (*GetRecordsResponse, error) {
	if r.Limit < 0 || r.Limit > 10000 {
		return nil, constraint(r.Limit, "limit", "have value between 1 and 10000")
	}
	i, err := s.readIterator(r.ShardIterator)
	if err != nil {
		return nil, err
	}
	x, err := service.Get[stream](ctx, s.state, streamKey(i.stream))
	if err == nil && !x.Exists() {
		err = service.Errorf("ResourceNotFoundException", "Stream %s not found.", i.stream)
	}
	if err != nil {
		return nil, err
	}
	return s.read(ctx, i, orDefault(r.Limit, 10000))
}

func (s *Service) read(ctx context.Context, i iterator, limit int) (*GetRecordsResponse, error) {
	out := &GetRecordsResponse{Records: []Record{}}
	prefix, bytes := recordPrefix(i.stream, i.shard), 0
	for more := true; more; {
		got, err := service.List[record](ctx, s.state, prefix, prefix+sequence(i.after), readAtOnce)
		if err != nil {
			return nil, err
		}
		more = len(got) == readAtOnce
		for _, e := range got {
			bytes += len(e.Value.Data)
			if len(out.Records) == limit || bytes > maxRead {
				out.MillisBehindLatest = max(0, s.now().UnixMilli()-e.Value.At)
				more = false
				break
			}
			number := strings.TrimPrefix(e.Key, prefix)
			n, ok := readSequence(number)
			if !ok {
				continue
			}
			i.after = n
			out.Records = append(out.Records, Record{SequenceNumber: number, PartitionKey: e.Value.Key,
				Data: e.Value.Data, ApproximateArrivalTimestamp: time.UnixMilli(e.Value.At).UTC(), EncryptionType: "NONE"})
		}
	}
	out.NextShardIterator = s.iterator(i)
	return out, nil
}
