package server

import (
	"net"
	"sync"
	"sync/atomic"
)

// maxConnections bounds the open connections; each costs some 20 KB. spareFiles are the
// file descriptors that are kept from them: the store needs its files when the port is
// flooded, too.
const (
	maxConnections = 16_384
	spareFiles     = 256
)

// roomForConnections is how many connections may be open: no more than there are file
// descriptors for.
func roomForConnections() int64 {
	files, ok := maxFiles()
	if !ok {
		return maxConnections
	}
	return min(maxConnections, max(files-spareFiles, files/2))
}

// connections is a listener that bounds how many of its connections are open. One too
// many is closed at once: if it waited in the kernel's queue instead, its client would not
// know, and would not try another server.
type connections struct {
	net.Listener
	most          int64
	open, refused atomic.Int64
}

// Accept returns the next connection that there is room for.
func (l *connections) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) <= l.most {
			return &connection{Conn: c, closed: sync.OnceFunc(func() { l.open.Add(-1) })}, nil
		}
		l.open.Add(-1)
		l.refused.Add(1)
		_ = c.Close() // nobody has sent anything yet
	}
}

// connection gives its room back when it is closed.
type connection struct {
	net.Conn
	closed func()
}

// Close closes the connection.
func (c *connection) Close() error {
	c.closed()
	return c.Conn.Close()
}

// CloseWrite ends what the server says. net/http asks for it when it refuses a request
// that it has not read to the end: the client could not read the answer otherwise.
func (c *connection) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
