// Package dynamodb keeps state in a table of DynamoDB: what a Lambda function remembers
// over its invocations. Swaps are conditional writes, several at once a transaction, so
// functions that run at the same time do not overwrite each other.
//
// The table has a partition key "space", a string, and a sort key "key", binary because
// keys are sorted and cut by their bytes; "expires" is its time-to-live attribute. Values are at most 400 KB, DynamoDB's
// bound of an item (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html).
package dynamodb

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// Caller makes signed calls: *awsapi.Client does.
type Caller interface {
	Call(ctx context.Context, r abi.AWSRequest) (abi.AWSResponse, abi.Errno)
}

// State is a store.State in a table.
type State struct {
	caller Caller
	table  string
}

var _ store.State = (*State)(nil)

// New makes a State. The table must exist; see the package comment.
func New(caller Caller, table string) *State { return &State{caller, table} }

// Get returns one value.
func (s *State) Get(ctx context.Context, space, key string, now time.Time) (store.Item, bool, error) {
	var response getResponse
	err := s.call(ctx, "GetItem", getRequest{TableName: s.table, Key: keyOf(space, key), ConsistentRead: true}, &response)
	if err != nil || len(response.Item) == 0 {
		return store.Item{}, false, err
	}
	i, err := decode(response.Item)
	return i, err == nil && alive(i, now), err
}

func alive(i store.Item, now time.Time) bool { return i.Expires.IsZero() || i.Expires.After(now) }

func keyOf(space, key string) item { return item{"space": text(space), "key": {B: []byte(key)}} }

// Apply commits all swaps or none.
func (s *State) Apply(ctx context.Context, now time.Time, swaps ...store.Swap) ([]uint64, error) {
	if len(swaps) > store.MaxSwaps {
		return nil, fmt.Errorf("store: %d swaps in one commit, at most %d may be", len(swaps), store.MaxSwaps)
	}
	versions := make([]uint64, len(swaps))
	writes := make([]transactItem, len(swaps))
	seen := map[[2]string]bool{}
	for i, w := range swaps {
		if id := [2]string{w.Space, w.Key}; seen[id] {
			return nil, fmt.Errorf("store: the commit names %s/%s twice", w.Space, w.Key)
		} else {
			seen[id] = true
		}
		if !w.Delete {
			versions[i] = newVersion()
		}
		writes[i] = s.write(w, versions[i], now)
	}
	var err error
	switch {
	case len(writes) == 0:
		return versions, ctx.Err()
	case len(writes) > 1:
		err = s.call(ctx, "TransactWriteItems", transactRequest{writes}, nil)
	case writes[0].Put != nil: // a transaction costs twice as much
		err = s.call(ctx, "PutItem", writes[0].Put, nil)
	default:
		err = s.call(ctx, "DeleteItem", writes[0].Delete, nil)
	}
	if err != nil {
		return nil, err
	}
	return versions, nil
}

// newVersion is random, so that no version of a key ever comes back, also not after the
// item was removed and nothing of it is left.
func newVersion() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint64(b[:])>>1 | 1
}

// write is one swap.
func (s *State) write(w store.Swap, version uint64, now time.Time) transactItem {
	c := expected(w.Version, now)
	if w.Delete {
		return transactItem{Delete: &deleteRequest{s.table, keyOf(w.Space, w.Key),
			c.ConditionExpression, c.ExpressionAttributeNames, c.ExpressionAttributeValues}}
	}
	i := keyOf(w.Space, w.Key)
	i["version"] = number(strconv.FormatUint(version, 10))
	if len(w.Value) > 0 {
		i["value"] = attribute{B: w.Value}
	}
	if !w.Expires.IsZero() {
		// DynamoDB removes an item after the second of its expires, at some time; what is
		// read goes by the exact time.
		i["expires"] = number(strconv.FormatInt(w.Expires.Unix()+1, 10))
		i["expires_at"] = number(strconv.FormatInt(w.Expires.UnixNano(), 10))
	}
	return transactItem{Put: &putRequest{s.table, i, c.ConditionExpression, c.ExpressionAttributeNames, c.ExpressionAttributeValues}}
}

// expected is the condition that the stored version is the one the writer has seen. An
// expired item counts as none.
func expected(version uint64, now time.Time) condition {
	at := number(strconv.FormatInt(now.UnixNano(), 10))
	switch version {
	case store.AnyVersion:
		return condition{}
	case 0:
		return condition{"attribute_not_exists(#k) OR #e <= :now", map[string]string{"#k": "key", "#e": "expires_at"}, item{":now": at}}
	}
	return condition{"#v = :v AND (attribute_not_exists(#e) OR #e > :now)",
		map[string]string{"#v": "version", "#e": "expires_at"},
		item{":v": number(strconv.FormatUint(version, 10)), ":now": at}}
}

// page is how many items one Query asks for at most.
const page = 1000

// Scan returns up to n items of a space by their keys.
func (s *State) Scan(ctx context.Context, space, prefix, after string, now time.Time, n int) ([]store.Item, error) {
	q := queryRequest{
		TableName: s.table, KeyConditionExpression: "#s = :s", ConsistentRead: true, Limit: min(max(n, 1), page),
		ExpressionAttributeNames: map[string]string{"#s": "space"}, ExpressionAttributeValues: item{":s": text(space)},
	}
	if prefix != "" {
		q.KeyConditionExpression += " AND begins_with(#k, :p)"
		q.ExpressionAttributeNames["#k"], q.ExpressionAttributeValues[":p"] = "key", attribute{B: []byte(prefix)}
	}
	switch {
	case strings.HasPrefix(after, prefix) && after != "":
		q.ExclusiveStartKey = keyOf(space, after)
	case after > prefix: // all keys with the prefix come before it
		return nil, ctx.Err()
	}
	var items []store.Item
	for len(items) < n {
		var response queryResponse
		if err := s.call(ctx, "Query", q, &response); err != nil {
			return nil, err
		}
		for _, raw := range response.Items {
			i, err := decode(raw)
			if err != nil {
				return nil, err
			}
			if alive(i, now) && len(items) < n {
				items = append(items, i)
			}
		}
		if len(response.LastEvaluatedKey) == 0 {
			break
		}
		q.ExclusiveStartKey = response.LastEvaluatedKey
	}
	return items, nil
}

// decode reads an item of the table.
func decode(raw item) (i store.Item, err error) {
	key, version := raw["key"].B, raw["version"].N
	if key == nil || version == nil {
		return i, errors.New("store: the table holds an item that is not ours: it needs key and version")
	}
	i.Key, i.Value = string(key), raw["value"].B
	if i.Version, err = strconv.ParseUint(*version, 10, 64); err != nil {
		return i, fmt.Errorf("store: the version of %s: %w", i.Key, err)
	}
	if at := raw["expires_at"].N; at != nil {
		nanos, err := strconv.ParseInt(*at, 10, 64)
		if err != nil {
			return i, fmt.Errorf("store: the expiry of %s: %w", i.Key, err)
		}
		i.Expires = time.Unix(0, nanos).UTC()
	}
	return i, nil
}

// tries is how often a call is made that DynamoDB asks to make again, and pause how long
// the first wait is; each further one is twice as long.
const (
	tries = 5
	pause = 20 * time.Millisecond
)

// call makes one call.
func (s *State) call(ctx context.Context, action string, request, response any) error {
	params, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	for try := 0; ; try++ {
		answer, errno := s.caller.Call(ctx, abi.AWSRequest{Service: Service, Action: action, Params: params})
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errno != 0:
			return fmt.Errorf("store: DynamoDB was not reached (%v)", errno)
		case answer.Error == nil && response == nil:
			return nil
		case answer.Error == nil:
			return json.Unmarshal(answer.Result, response)
		}
		err := failure(answer.Error)
		if !errors.Is(err, errAgain) {
			return err
		}
		if try+1 == tries {
			return fmt.Errorf("%w: DynamoDB throttles: %s", store.ErrFull, answer.Error.Message)
		}
		wait(ctx, pause<<try)
	}
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// errAgain marks an answer after which the same call may succeed.
var errAgain = errors.New("again")

// failure tells a lost swap from what passes and what does not.
func failure(e *abi.AWSError) error {
	switch {
	case e.Code == "ConditionalCheckFailedException",
		e.Code == "TransactionCanceledException" && strings.Contains(e.Message, "ConditionalCheckFailed"):
		return store.ErrConflict
	case e.Retry, e.Code == "TransactionCanceledException", e.Code == "TransactionConflictException":
		return errAgain
	case e.Code == "ResourceNotFoundException":
		return fmt.Errorf("store: the table is not there: %s", e.Message)
	}
	return fmt.Errorf("store: DynamoDB refuses: %s: %s", e.Code, e.Message)
}
