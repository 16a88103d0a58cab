package server

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// certificate is a key pair in files. A handshake that finds them changed reads them
// again; if they cannot be read, the old one goes on and the log says so once.
type certificate struct {
	certFile, keyFile string
	log               hclog.Logger

	mu    sync.Mutex
	pair  *tls.Certificate
	stamp [2]time.Time // when the files of pair, or of the last failure, were written
}

func (s *Server) useTLS() error {
	if s.c.TLSCert == "" && s.c.TLSKey == "" {
		return nil
	}
	if s.c.TLSCert == "" || s.c.TLSKey == "" {
		return errors.New("tls: --tls-cert and --tls-key go together; set both or none")
	}
	c := &certificate{certFile: s.c.TLSCert, keyFile: s.c.TLSKey, log: s.log}
	if err := c.load(); err != nil {
		return err
	}
	s.secure = true
	s.http.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
	return nil
}

func (c *certificate) load() error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("tls: %w", err)
	}
	c.pair, c.stamp = &pair, c.written()
	return nil
}

// written is when the files were last written; a file that is not there has no time.
func (c *certificate) written() (at [2]time.Time) {
	for i, name := range []string{c.certFile, c.keyFile} {
		if info, err := os.Stat(name); err == nil {
			at[i] = info.ModTime()
		}
	}
	return at
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.written(); now != c.stamp {
		if err := c.load(); err != nil {
			c.stamp = now
			c.log.Error("the changed certificate cannot be used, the one of before stays", "file", c.certFile, "error", err)
		} else {
			c.log.Info("certificate read again", "file", c.certFile)
		}
	}
	return c.pair, nil
}
