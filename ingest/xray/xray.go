// Package xray reads what X-Ray's SDKs send to the daemon on UDP 2000: a header line that
// names the format, and a segment document (ingest/traces).
//
// The SDKs do not agree on the header's bytes: Go and Python write a space after each
// colon and comma, Node does not. So it is read as JSON.
package xray

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Header is the header line that the SDKs for Go and Python send.
const Header = `{"format": "json", "version": 1}` + "\n"

// MaxDatagram is the largest datagram that IPv4's UDP carries.
const MaxDatagram = 65_507

// Why a datagram is dropped. A daemon drops it as well, and nobody hears of it: count
// each kind.
var (
	ErrNoHeader = errors.New("xray: the datagram has no header line; send " + strings.TrimSpace(Header) + " and a line feed before the segment")
	ErrHeader   = errors.New("xray: the datagram's header is not known; send " + strings.TrimSpace(Header))
	ErrEmpty    = errors.New("xray: the datagram has a header and no segment")
)

// Document returns the segment document of a datagram, as a part of it.
func Document(datagram []byte) ([]byte, error) {
	header, document, found := bytes.Cut(datagram, []byte("\n"))
	if !found {
		return nil, ErrNoHeader
	}
	header = bytes.TrimSpace(header)
	if event.Check(header) != nil {
		return nil, ErrNoHeader
	}
	v := event.Value(header)
	format, isText := v.Get("format").Text()
	if !isText { // the first line of a segment that is written over several lines, perhaps
		return nil, ErrNoHeader
	}
	if version, _ := v.Get("version").Float(); !strings.EqualFold(format, "json") || version != 1 {
		return nil, fmt.Errorf("%w, not %.100s", ErrHeader, header)
	}
	if document = bytes.TrimSpace(document); len(document) == 0 {
		return nil, ErrEmpty
	}
	return document, nil
}
