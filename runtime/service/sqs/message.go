package sqs

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
)

// message is what is stored of one. It stands under message/QUEUE/SEQ for as long as
// it lives; its place, which says when it is seen, moves.
type message struct {
	ID         string
	Body       string
	Attributes map[string]Attribute `json:",omitempty"`
	// Trace is the system attribute AWSTraceHeader.
	Trace  string `json:",omitempty"`
	Sender string
	// Sent, First (receipt) and Visible are in milliseconds since 1970.
	Sent, First, Visible int64
	Receives             int
	// Receipt is the secret of the newest receipt handle.
	Receipt string `json:",omitempty"`
	// Group and Dedup are what the sender gave, Number the FIFO sequence number.
	Group, Dedup, Number string `json:",omitempty"`
	// Source is the ARN of the queue that gave the message up.
	Source string `json:",omitempty"`
}

// place is the entry by which a receiver finds a message: under place/QUEUE/TIME/SEQ
// for standard queues, so that a receiver reads only what is visible, and under
// place/QUEUE/SEQ for FIFO queues, because there order comes first.
type place struct {
	Seq      string
	Visible  int64
	Group    string `json:",omitempty"`
	Received bool   `json:",omitempty"`
}

func messagePrefix(queue string) string { return "message/" + queue + "/" }
func placePrefix(queue string) string   { return "place/" + queue + "/" }
func dedupPrefix(queue string) string   { return "dedup/" + queue + "/" }
func numberKey(queue string) string     { return "number/" + queue }

func messageKey(queue, seq string) string { return messagePrefix(queue) + seq }

func placeKey(queue, seq string, visible int64) string {
	if isFIFO(queue) {
		return placePrefix(queue) + seq
	}
	return fmt.Sprintf("%s%014d/%s", placePrefix(queue), visible, seq)
}

// write is the swaps that store m with a new place, for a queue that keeps messages as
// long as q does.
func (s *Service) write(q queue, seq string, m message, version uint64) []store.Swap {
	expires := time.UnixMilli(m.Sent).Add(time.Duration(q.number("MessageRetentionPeriod")) * time.Second)
	p := place{Seq: seq, Visible: m.Visible, Group: m.Group, Received: m.Receives > 0}
	return []store.Swap{
		s.state.Put(messageKey(q.Name, seq), m, version, expires),
		s.state.Put(placeKey(q.Name, seq, m.Visible), p, store.AnyVersion, expires),
	}
}

// move is the swaps that change a stored message and where it stands.
func (s *Service) move(q queue, seq string, old service.Stored[message], m message) []store.Swap {
	swaps := s.write(q, seq, m, old.Version)
	was := placeKey(q.Name, seq, old.Value.Visible)
	if was != swaps[1].Key {
		swaps = append(swaps, s.state.Drop(was, store.AnyVersion))
	}
	return swaps
}

// remove is the swaps that delete a stored message.
func (s *Service) remove(q queue, seq string, old service.Stored[message]) []store.Swap {
	return []store.Swap{
		s.state.Drop(old.Key, old.Version),
		s.state.Drop(placeKey(q.Name, seq, old.Value.Visible), store.AnyVersion),
	}
}

// handle makes the receipt handle of a message; only its newest one is good.
func handle(queue, seq, receipt string) string {
	return base64.URLEncoding.EncodeToString([]byte(queue + " " + seq + " " + receipt))
}

// readHandle takes a receipt handle of the queue apart.
func readHandle(queue, h string) (seq, receipt string, err error) {
	if h == "" {
		return "", "", missing("ReceiptHandle")
	}
	b, err := base64.URLEncoding.DecodeString(h)
	part := strings.Split(string(b), " ")
	if err != nil || len(part) != 3 || part[0] != queue || handle(part[0], part[1], part[2]) != h {
		return "", "", errHandle
	}
	return part[1], part[2], nil
}

func md5Hex(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// md5Attributes is the sum that clients verify; "" without attributes. The encoding is
// of https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation
func md5Attributes(all map[string]Attribute) string {
	if len(all) == 0 {
		return ""
	}
	h := md5.New()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		a := all[name]
		writeLong(h, []byte(name))
		writeLong(h, []byte(a.DataType))
		if strings.HasPrefix(a.DataType, "Binary") {
			h.Write([]byte{2})
			writeLong(h, a.BinaryValue)
			continue
		}
		h.Write([]byte{1})
		writeLong(h, []byte(a.StringValue))
	}
	return hex.EncodeToString(h.Sum(nil))
}

func writeLong(h hash.Hash, b []byte) {
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b))))
	h.Write(b)
}
