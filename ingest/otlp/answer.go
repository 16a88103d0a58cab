package otlp

import (
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Code is a code of google.rpc.Status.
type Code int32

// The codes that answers have.
const (
	InvalidArgument   Code = 3
	PermissionDenied  Code = 7
	ResourceExhausted Code = 8
	Unimplemented     Code = 12
	Internal          Code = 13
	Unavailable       Code = 14
	Unauthenticated   Code = 16
)

// ContentType is what the encoding is called in HTTP.
func (e Encoding) ContentType() string {
	if e == JSON {
		return "application/json"
	}
	return "application/x-protobuf"
}

// rejectedNames are what the number of refused records is called in JSON.
var rejectedNames = [...]string{"rejectedLogRecords", "rejectedDataPoints", "rejectedSpans"}

// Answer is the body of a 200: how many records were refused, and why; nothing where
// everything was taken.
func Answer(e Encoding, s Signal, rejected int, why string) []byte {
	if e == JSON {
		o := object{[]byte{'{'}}
		o.within("partialSuccess", func() {
			if rejected > 0 {
				o.text(rejectedNames[s], strconv.Itoa(rejected)) // 64 bits stand in a string
			}
			o.text("errorMessage", why)
		})
		return append(o.b, '}')
	}
	var partial []byte
	if rejected > 0 {
		partial = protowire.AppendVarint(protowire.AppendTag(partial, 1, protowire.VarintType), uint64(rejected))
	}
	if why != "" {
		partial = protowire.AppendString(protowire.AppendTag(partial, 2, protowire.BytesType), why)
	}
	if partial == nil {
		return nil
	}
	return protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), partial)
}

// Status is the body of an error: a google.rpc.Status.
func Status(e Encoding, c Code, text string) []byte {
	if e == JSON {
		b := strconv.AppendInt([]byte(`{"code":`), int64(c), 10)
		return append(event.AppendString(append(b, `,"message":`...), text), '}')
	}
	b := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(c))
	return protowire.AppendString(protowire.AppendTag(b, 2, protowire.BytesType), text)
}
