package server

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/ingest/awswire"
	"github.com/tocsin-engine/tocsin/rules/diag"
	"github.com/tocsin-engine/tocsin/rules/rulefile"
	"github.com/tocsin-engine/tocsin/runtime/archive"
	"github.com/tocsin-engine/tocsin/runtime/awsapi"
	"github.com/tocsin-engine/tocsin/runtime/doors"
	"github.com/tocsin-engine/tocsin/runtime/engine"
	"github.com/tocsin-engine/tocsin/runtime/service"
	"github.com/tocsin-engine/tocsin/runtime/store"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// Engine is what the server asks of the engine.
type Engine interface {
	service.Putter
	Rules() *rulefile.Set
	Recent(n int) []engine.Recent
	Fate(ctx context.Context, id string) (engine.Fate, error)
	Subscribe(room int) *engine.Subscription
	Stats() engine.Stats
	Status(ctx context.Context) (engine.Status, error)
	Match(ev event.Event, only []string) []string
	DeadLetters(ctx context.Context, f engine.LetterFilter, after store.DeadLetterID, n int) ([]engine.Letter, store.DeadLetterID, error)
	Redrive(ctx context.Context, ids []store.DeadLetterID) (int, error)
	Purge(ctx context.Context, ids []store.DeadLetterID) (int, error)
	Recording(ctx context.Context, id string) (text []byte, others []string, err error)
}

var _ Engine = (*engine.Engine)(nil)

// Config is what a server needs. Engine, Archives and Services are required.
type Config struct {
	// Listen is the address, host:port. Default: 127.0.0.1:7575.
	Listen string
	// TLSCert and TLSKey are PEM files, read again when they change; both or none.
	TLSCert, TLSKey string
	// Keys are the secrets of the access keys. Without any, only loopback is served.
	Keys map[string]string
	// Account and Region are those that the server speaks for.
	Account, Region string

	Engine   Engine
	Archives *archive.Archives
	Services *service.Table
	// Doors are further ways in, by name, and what each counts: a struct of numbers whose
	// JSON names stand in the status. Default: none.
	Doors map[string]func() any
	// Warnings are sentences about the start that a person should read in the status.
	Warnings []string
	// HTTPDoors answer paths of their own on the server's port. Default: none.
	HTTPDoors []doors.HTTP
	// Reload reads the rule files again. Default: the API refuses it.
	Reload func(ctx context.Context) (diag.List, error)

	// Version is shown in the status.
	Version string
	// Grace bounds how long Run waits for requests that are being answered when it is
	// told to stop. Default: 10 s.
	Grace time.Duration
	// MaxBodies bounds the bytes of all bodies that are being worked on. Default: 256 MiB.
	MaxBodies int64
	// RateLimit is how many requests a second each access key may make. Default: any.
	RateLimit int
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Log is the logger. Default: none.
	Log hclog.Logger

	// tailRoom is how many lines may wait for a reader of the tail before it misses
	// some. Default: 4,096.
	tailRoom int
}

// The bounds of a client's time and room (spec: slow senders cost a header's time).
const (
	headerTimeout = 5 * time.Second
	bodyTimeout   = 60 * time.Second
	answerTimeout = 60 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 16 << 10
)

// Server listens. Make one with New, then Run it.
type Server struct {
	c        Config
	log      hclog.Logger
	listener *connections
	http     *http.Server
	aws      *awsapi.Handler
	rates    *awsapi.Rates
	verifier *awswire.Verifier // nil: everybody on loopback
	budget   *awswire.Budget
	secure   bool // with TLS
	stats    apiCounters
	stopping atomic.Bool
	// stop ends the streams, which never end by themselves.
	stop chan struct{}
}

// New checks the configuration and takes the port.
func New(c Config) (*Server, error) {
	c.defaults()
	if err := checkAddress(c.Listen, len(c.Keys) > 0); err != nil {
		return nil, err
	}
	s := &Server{c: c, log: c.Log.Named("server"), rates: &awsapi.Rates{PerSecond: c.RateLimit, Now: c.Now}, budget: &awswire.Budget{Max: c.MaxBodies}, stop: make(chan struct{})}
	if len(c.Keys) > 0 {
		s.verifier = awswire.NewVerifier(awswire.VerifierConfig{Find: awswire.Keys(c.Keys).Find, Now: c.Now, Region: c.Region})
	}
	s.aws = awsapi.New(awsapi.Config{
		Table: c.Services, Verifier: s.verifier, Account: c.Account, Region: c.Region, Budget: s.budget, Rates: s.rates, Log: c.Log,
	})
	s.http = &http.Server{
		Handler: s.handler(), ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout, WriteTimeout: answerTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: s.log.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}
	if err := s.useTLS(); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen %s: %w", c.Listen, err)
	}
	s.listener = &connections{Listener: listener, most: roomForConnections()}
	return s, nil
}

func (c *Config) defaults() {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:7575"
	}
	if c.Grace == 0 {
		c.Grace = 10 * time.Second
	}
	if c.tailRoom == 0 {
		c.tailRoom = 4096
	}
	if c.MaxBodies == 0 {
		c.MaxBodies = 256 << 20
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = hclog.NewNullLogger()
	}
}

// knows says whether a secret is that of an access key, in constant time for the secret.
func (c *Config) knows(key, secret string) bool {
	known, ok := c.Keys[key]
	return ok && subtle.ConstantTimeCompare([]byte(known), []byte(secret)) == 1
}

// URL is where the server is.
func (s *Server) URL() string {
	scheme := "http://"
	if s.secure {
		scheme = "https://"
	}
	return scheme + s.listener.Addr().String()
}

// Close gives the port back without having served.
func (s *Server) Close() error { return s.listener.Close() }

// Run serves until ctx ends, then lets the requests under way finish, for at most
// Config.Grace.
func (s *Server) Run(ctx context.Context) error {
	s.announce()
	served := make(chan error, 1)
	go func() {
		if s.secure {
			served <- s.http.ServeTLS(s.listener, "", "")
			return
		}
		served <- s.http.Serve(s.listener)
	}()
	select {
	case err := <-served:
		return fmt.Errorf("server: %w", err)
	case <-ctx.Done():
	}
	s.stopping.Store(true)
	close(s.stop)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.c.Grace)
	defer cancel()
	if err := s.http.Shutdown(grace); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("server: %w", err)
	}
	return s.http.Close()
}

func (s *Server) announce() {
	s.log.Info("listening", "addr", s.URL(), "keys", len(s.c.Keys))
	switch {
	case s.verifier == nil:
		s.log.Warn("there are no access keys: everybody on this machine may send and read events, nobody else")
	case !s.secure && !isLoopback(s.listener.Addr().String()):
		s.log.Warn("without TLS others on the network can read events; set --tls-cert and --tls-key", "addr", s.URL())
	}
}
