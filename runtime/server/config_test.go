package server

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
)

func TestCheckAddress(t *testing.T) {
	for _, tc := range []struct {
		address string
		keys    bool
		want    string // "" is accepted
	}{
		{"127.0.0.1:7575", false, ""},
		{"127.8.8.8:0", false, ""},
		{"[::1]:7575", false, ""},
		{"[::ffff:127.0.0.1]:7575", false, ""},
		{"localhost:7575", false, ""},
		{"0.0.0.0:7575", false, "set --keys FILE"},
		{":7575", false, "listen on 127.0.0.1:7575"},
		{"[::]:7575", false, "others can reach this address"},
		{"192.168.1.2:80", false, "requests must be signed"},
		{"example.com:80", false, "requests must be signed"},
		{"0.0.0.0:7575", true, ""},
		{":7575", true, ""},
		{"7575", true, "write an address and a port"},
		{"127.0.0.1", false, "write an address and a port"},
	} {
		err := checkAddress(tc.address, tc.keys)
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("checkAddress(%q, %v) = %v, want %q", tc.address, tc.keys, err, tc.want)
		}
	}
	if _, err := New(Config{Listen: "0.0.0.0:0"}); err == nil {
		t.Error("New took a public address without keys")
	}
}

// writePair makes a self-signed certificate for a name and writes it to files.
func writePair(t *testing.T, dir, name string, at time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), at)
	write(t, filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), at)
}

// write writes a file as of a time, so that a change within one tick of the file
// system's clock is seen.
func write(t *testing.T, name string, data []byte, at time.Time) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(name, at, at); err != nil {
		t.Fatal(err)
	}
}

// safeBuffer is a log that is read while it is written.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestTLSReadsChangedCertificates(t *testing.T) {
	dir := t.TempDir()
	at := time.Now().Add(-time.Hour)
	writePair(t, dir, "first", at)
	var log safeBuffer
	w := newWorld(t, func(c *Config) {
		c.TLSCert, c.TLSKey = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
		c.Log = hclog.New(&hclog.LoggerOptions{Output: &log})
	})
	served := func() string {
		t.Helper()
		c, err := tls.Dial("tcp", strings.TrimPrefix(w.server.URL(), "https://"), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	if got := served(); got != "first" {
		t.Errorf("served %q", got)
	}
	writePair(t, dir, "second", at.Add(time.Minute))
	if got := served(); got != "second" {
		t.Errorf("after the change %q", got)
	}
	write(t, filepath.Join(dir, "cert.pem"), []byte("rubbish"), at.Add(2*time.Minute))
	for range 2 {
		if got := served(); got != "second" {
			t.Errorf("with a broken file %q", got)
		}
	}
	if n := strings.Count(log.String(), "cannot be used"); n != 1 {
		t.Errorf("the broken file was logged %d times:\n%s", n, log.String())
	}
	writePair(t, dir, "third", at.Add(3*time.Minute))
	if got := served(); got != "third" {
		t.Errorf("after the repair %q", got)
	}
}

func TestTLSNeedsBothFiles(t *testing.T) {
	if _, err := New(Config{Listen: "127.0.0.1:0", TLSCert: "x"}); err == nil || !strings.Contains(err.Error(), "set both or none") {
		t.Errorf("one file: %v", err)
	}
	if _, err := New(Config{Listen: "127.0.0.1:0", TLSCert: "/nowhere/c", TLSKey: "/nowhere/k"}); err == nil || !strings.Contains(err.Error(), "/nowhere/c") {
		t.Errorf("no such files: %v", err)
	}
}

func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := New(Config{Listen: l.Addr().String()}); err == nil || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Errorf("got %v", err)
	}
}
