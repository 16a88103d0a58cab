package kinesis

import (
	"context"
	"errors"
	"math/big"
	"regexp"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// stream is what is stored of a stream itself.
type stream struct {
	Name   string
	Shards int
	// Mode is PROVISIONED or ON_DEMAND.
	Mode    string
	Created time.Time
}

// retention is how long records are kept (the service's default).
const retention = 24 * time.Hour

const (
	maxShards      = 200
	onDemandShards = 4
)

var nameShape = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,128}$`)

func streamKey(name string) string { return "stream/" + name }

func alreadyThere(err error) bool {
	var e *service.Error
	return errors.As(err, &e) && e.Code == "ResourceInUseException"
}

// CreateStream makes a stream; it is ACTIVE at once.
func (s *Service) CreateStream(ctx context.Context, c service.Caller, r *CreateStreamRequest) (*service.Empty, error) {
	return &service.Empty{}, s.create(ctx, c, r)
}

func (s *Service) create(ctx context.Context, c service.Caller, r *CreateStreamRequest) error {
	if !nameShape.MatchString(r.StreamName) {
		return constraint(r.StreamName, "streamName", "satisfy regular expression pattern: [a-zA-Z0-9_.-]{1,128}")
	}
	x := stream{Name: r.StreamName, Mode: "PROVISIONED", Created: s.now().UTC()}
	switch {
	case r.StreamModeDetails != nil && r.StreamModeDetails.StreamMode == "ON_DEMAND":
		x.Mode, x.Shards = "ON_DEMAND", onDemandShards
	case r.ShardCount == nil:
		return invalid("ShardCount is required for a stream of StreamMode PROVISIONED")
	default:
		x.Shards = *r.ShardCount
	}
	if x.Shards < 1 || x.Shards > maxShards {
		return constraint(x.Shards, "shardCount", "have value between 1 and 200")
	}
	err := s.state.Apply(ctx, s.state.Put(streamKey(x.Name), x, 0, time.Time{}))
	if errors.Is(err, store.ErrConflict) {
		return service.Errorf("ResourceInUseException", "Stream %s under account %s already exists.", x.Name, c.Account)
	}
	return err
}

// DeleteStream removes a stream and its records.
func (s *Service) DeleteStream(ctx context.Context, c service.Caller, r *StreamRequest) (*service.Empty, error) {
	c.Create = false
	x, err := s.open(ctx, c, r.StreamName, r.StreamARN)
	if err != nil {
		return nil, err
	}
	if err := s.state.Apply(ctx, s.state.Drop(x.Key, store.AnyVersion)); err != nil {
		return nil, err
	}
	for _, prefix := range []string{"last/" + x.Value.Name + "/", "record/" + x.Value.Name + "/"} {
		if err := s.state.Clear(ctx, prefix); err != nil {
			return nil, err
		}
	}
	return &service.Empty{}, nil
}

// DescribeStream tells about a stream and its shards.
func (s *Service) DescribeStream(ctx context.Context, c service.Caller, r *DescribeStreamRequest) (*DescribeStreamResponse, error) {
	x, err := s.open(ctx, c, r.StreamName, r.StreamARN)
	if err != nil {
		return nil, err
	}
	shards, more := page(shardsOf(x.Value), r.ExclusiveStartShardID, orDefault(r.Limit, 100))
	return &DescribeStreamResponse{StreamDescription: Description{
		StreamName: x.Value.Name, StreamARN: arn(c, x.Value.Name), StreamStatus: "ACTIVE",
		StreamModeDetails: ModeDetails{x.Value.Mode}, Shards: shards, HasMoreShards: more,
		RetentionPeriodHours: int(retention.Hours()), StreamCreationTimestamp: x.Value.Created,
		EnhancedMonitoring: []Monitoring{{ShardLevelMetrics: []string{}}}, EncryptionType: "NONE",
	}}, nil
}

// DescribeStreamSummary tells about a stream.
func (s *Service) DescribeStreamSummary(ctx context.Context, c service.Caller, r *StreamRequest) (*DescribeSummaryResponse, error) {
	x, err := s.open(ctx, c, r.StreamName, r.StreamARN)
	if err != nil {
		return nil, err
	}
	return &DescribeSummaryResponse{StreamDescriptionSummary: DescriptionSummary{
		StreamName: x.Value.Name, StreamARN: arn(c, x.Value.Name), StreamStatus: "ACTIVE",
		StreamModeDetails: ModeDetails{x.Value.Mode}, OpenShardCount: x.Value.Shards,
		RetentionPeriodHours: int(retention.Hours()), StreamCreationTimestamp: x.Value.Created,
		EnhancedMonitoring: []Monitoring{{ShardLevelMetrics: []string{}}}, EncryptionType: "NONE",
	}}, nil
}

// ListStreams lists streams by name.
func (s *Service) ListStreams(ctx context.Context, c service.Caller, r *ListStreamsRequest) (*ListStreamsResponse, error) {
	n := orDefault(r.Limit, 100)
	after := r.ExclusiveStartStreamName
	if r.NextToken != "" {
		after = r.NextToken
	}
	if after != "" {
		after = streamKey(after)
	}
	got, err := service.List[stream](ctx, s.state, streamKey(""), after, n+1)
	if err != nil {
		return nil, err
	}
	out := &ListStreamsResponse{StreamNames: []string{}, StreamSummaries: []Summary{}}
	for i, x := range got {
		if i == n {
			out.HasMoreStreams, out.NextToken = true, got[i-1].Value.Name
			break
		}
		out.StreamNames = append(out.StreamNames, x.Value.Name)
		out.StreamSummaries = append(out.StreamSummaries, Summary{StreamName: x.Value.Name, StreamARN: arn(c, x.Value.Name),
			StreamStatus: "ACTIVE", StreamModeDetails: ModeDetails{x.Value.Mode}, StreamCreationTimestamp: x.Value.Created})
	}
	return out, nil
}

// ListShards lists a stream's shards. A token names the stream and the last shard seen.
func (s *Service) ListShards(ctx context.Context, c service.Caller, r *ListShardsRequest) (*ListShardsResponse, error) {
	name, after := r.StreamName, r.ExclusiveStartShardID
	if r.NextToken != "" {
		part, ok := readToken(r.NextToken, 2)
		if !ok {
			return nil, invalid("The NextToken is not one of ListShards.")
		}
		name, after = part[0], part[1]
	}
	x, err := s.open(ctx, c, name, r.StreamARN)
	if err != nil {
		return nil, err
	}
	out := &ListShardsResponse{}
	var more bool
	if out.Shards, more = page(shardsOf(x.Value), after, orDefault(r.MaxResults, 1000)); more {
		out.NextToken = token(x.Value.Name, out.Shards[len(out.Shards)-1].ShardID)
	}
	return out, nil
}

// page returns up to n shards after one, and whether there are more.
func page(all []Shard, after string, n int) (some []Shard, more bool) {
	for len(all) > 0 && all[0].ShardID <= after {
		all = all[1:]
	}
	if len(all) > n {
		return all[:n], true
	}
	return all, false
}

func orDefault(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return min(n, 10000)
}

var hashKeys = new(big.Int).Lsh(big.NewInt(1), 128)

// shardStart is the first hash key of shard i of n.
func shardStart(i, n int) *big.Int {
	k := new(big.Int).Mul(hashKeys, big.NewInt(int64(i)))
	return k.Div(k, big.NewInt(int64(n)))
}

func shardsOf(x stream) []Shard {
	out := make([]Shard, x.Shards)
	for i := range out {
		end := shardStart(i+1, x.Shards)
		out[i] = Shard{
			ShardID: shardID(i),
			HashKeyRange: HashKeyRange{
				StartingHashKey: shardStart(i, x.Shards).String(),
				EndingHashKey:   end.Sub(end, big.NewInt(1)).String(),
			},
			SequenceNumberRange: SequenceRange{StartingSequenceNumber: sequence(0)},
		}
	}
	return out
}
