package soak

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// line is a connection that requests are written to by hand: an HTTP client would take as
// much of the machine as a part of what is measured.
type line struct {
	conn net.Conn
	in   *bufio.Reader
	head []byte
}

func dial(ctx context.Context, url string) (*line, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		return nil, err
	}
	return &line{conn: conn, in: bufio.NewReader(conn)}, nil
}

// put sends one PutEvents and returns the status of the answer.
func (l *line) put(id string, body []byte) (status int, err error) {
	l.head = fmt.Appendf(l.head[:0], "POST / HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-amz-json-1.1\r\n"+
		"X-Amz-Target: AWSEvents.PutEvents\r\nAmz-Sdk-Invocation-Id: %s\r\nContent-Length: %d\r\n\r\n", l.conn.RemoteAddr(), id, len(body))
	out := net.Buffers{l.head, body}
	if _, err := out.WriteTo(l.conn); err != nil {
		return 0, err
	}
	answer, err := http.ReadResponse(l.in, nil)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, err
}
