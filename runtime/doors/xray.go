package doors

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/tocsin-engine/tocsin/ingest/traces"
	"github.com/tocsin-engine/tocsin/ingest/xray"
	"github.com/tocsin-engine/tocsin/runtime/service"
)

// XRayConfig is what the X-Ray daemon needs.
type XRayConfig struct {
	// Address is where it listens, for segments over UDP and for the sampling calls over
	// TCP: 127.0.0.1:2000; without a host it is loopback.
	Address string
	// Segments takes the documents. Required.
	Segments Segments
	// Sampling answers GetSamplingRules and GetSamplingTargets. Required.
	Sampling http.Handler
	// Account and Region are those of the events.
	Account, Region string
	// Now is the clock. Required.
	Now func() time.Time
	// Log is the logger. Default: none.
	Log hclog.Logger
}

// Segments takes segment documents and says which segments it refused; an error means
// that it has taken none. The service xray does.
type Segments interface {
	Put(ctx context.Context, c service.Caller, documents ...[]byte) ([]*traces.Error, error)
}

// XRay is the X-Ray daemon in the box: SDKs that know no other address than its own send
// to it. Nothing is signed there, so it listens on loopback unless it is told otherwise.
type XRay struct {
	c XRayConfig
	*counters
	udp     *net.UDPConn // nil where the port was busy
	tcp     net.Listener // nil where the port was busy
	backlog *backlog
}

// The counts of the daemon.
const (
	xrayDatagrams = iota
	xrayNoHeader
	xrayBadHeader
	xrayEmpty
	xrayRefused
	xrayDropped
	xrayCalls
)

// NewXRay takes the ports. One that is busy, or that needs rights this process has not,
// is a warning: the rest of the server does its work without it.
func NewXRay(c XRayConfig) (d *XRay, warnings []string, err error) {
	if c.Log == nil {
		c.Log = hclog.NewNullLogger()
	}
	c.Log = c.Log.Named("xray")
	d = &XRay{c: c, backlog: newBacklog(), counters: newCounters(
		"datagrams", "datagrams_without_header", "datagrams_of_another_format", "datagrams_without_segment",
		"segments_refused", "segments_dropped", "sampling_calls")}
	if strings.HasPrefix(c.Address, ":") {
		c.Address = "127.0.0.1" + c.Address // others reach it where an address is named, and only then
	}
	address, err := net.ResolveUDPAddr("udp", c.Address)
	if err != nil {
		return nil, nil, fmt.Errorf("xray daemon: write an address and a port like 127.0.0.1:2000, or off, not %q", c.Address)
	}
	warn := func(protocol string, cause error) error {
		if !errors.Is(cause, syscall.EADDRINUSE) && !errors.Is(cause, syscall.EACCES) {
			return fmt.Errorf("xray daemon: %w", cause)
		}
		warnings = append(warnings, fmt.Sprintf("the X-Ray daemon does not listen on %s %s: %v; is another one running? --xray off, or another address, ends this warning",
			protocol, c.Address, cause))
		return nil
	}
	if d.udp, err = net.ListenUDP("udp", address); err != nil {
		if err := warn("UDP", err); err != nil {
			return nil, nil, err
		}
	}
	if d.tcp, err = net.Listen("tcp", c.Address); err != nil {
		if err := warn("TCP", err); err != nil {
			_ = d.Close() // err is what counts
			return nil, nil, err
		}
	}
	if !address.IP.IsLoopback() {
		warnings = append(warnings, "everybody who reaches "+c.Address+" can send segments to the X-Ray daemon: its protocol has no signatures")
	}
	return d, warnings, nil
}

// Addresses are where it listens, nil where it does not.
func (d *XRay) Addresses() (udp, tcp net.Addr) {
	if d.udp != nil {
		udp = d.udp.LocalAddr()
	}
	if d.tcp != nil {
		tcp = d.tcp.Addr()
	}
	return udp, tcp
}

func (d *XRay) announce() {
	if d.udp != nil {
		d.c.Log.Info("listening for segments", "addr", "udp "+d.udp.LocalAddr().String())
	}
	if d.tcp != nil {
		d.c.Log.Info("listening for sampling calls", "addr", "tcp "+d.tcp.Addr().String())
	}
}

// Name is what status calls the door.
func (d *XRay) Name() string { return "xray_daemon" }

// Close gives the ports back, for a door that never ran.
func (d *XRay) Close() error {
	var all []error
	if d.udp != nil {
		all = append(all, d.udp.Close())
	}
	if d.tcp != nil {
		all = append(all, d.tcp.Close())
	}
	return errors.Join(all...)
}

// Run listens until ctx ends; then it hands over what has arrived.
func (d *XRay) Run(ctx context.Context) error {
	d.announce()
	var parts sync.WaitGroup
	arriving, stopped := context.WithCancel(context.WithoutCancel(ctx))
	if d.udp != nil {
		parts.Go(func() { defer stopped(); receive(d.udp, d.arrive) })
	} else {
		stopped()
	}
	parts.Go(func() { d.work(ctx, arriving) })
	if d.tcp != nil {
		parts.Go(func() { d.serve(ctx) })
	}
	<-ctx.Done()
	if d.udp != nil {
		d.udp.Close() // ends receive
	}
	parts.Wait()
	return nil
}

// arrive looks at one datagram.
func (d *XRay) arrive(datagram []byte) {
	d.add(xrayDatagrams, 1)
	document, err := xray.Document(datagram)
	switch {
	case errors.Is(err, xray.ErrNoHeader):
		d.add(xrayNoHeader, 1)
	case errors.Is(err, xray.ErrHeader):
		d.add(xrayBadHeader, 1)
	case err != nil:
		d.add(xrayEmpty, 1)
	case !d.backlog.add(document):
		d.add(xrayDropped, 1)
	}
	if err != nil {
		d.c.Log.Debug("datagram dropped", "error", err)
	}
}

// segmentBatch is how many documents go to the engine at once, as a daemon sends them.
const segmentBatch = 50

// work hands documents over until none arrives any more and none waits.
func (d *XRay) work(ctx, arriving context.Context) {
	warnings := newComplaints(d.c.Log, d.c.Now)
	for {
		documents := d.backlog.take(segmentBatch)
		if len(documents) > 0 {
			d.put(ctx, documents, warnings)
			continue
		}
		select {
		case <-d.backlog.bell:
		case <-arriving.Done():
			if documents = d.backlog.take(segmentBatch); len(documents) == 0 {
				return
			}
			d.put(ctx, documents, warnings)
		}
	}
}

// The pauses between two attempts to hand documents over.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
)

// put hands documents over, again and again while the engine does not take them: nobody
// else could send them again. Once the server stops there is one more attempt.
func (d *XRay) put(ctx context.Context, documents [][]byte, warnings *complaints) {
	// The invocation makes an attempt that half succeeded and the next one the same.
	caller := service.Caller{Account: d.c.Account, Region: d.c.Region, InvocationID: service.NewID()}
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		last := ctx.Err() != nil
		refused, err := d.c.Segments.Put(context.WithoutCancel(ctx), caller, documents...)
		if err == nil {
			for _, e := range refused {
				d.add(xrayRefused, 1)
				warnings.say("segment refused", "segment", e.ID, "error", e.Message)
			}
			return
		}
		if last {
			d.add(xrayDropped, len(documents))
			d.c.Log.Error("segments are lost: the engine did not take them before the end", "documents", len(documents), "error", err)
			return
		}
		warnings.say("the engine does not take segments, will retry", "next", pause, "error", err)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// The bounds of a sampling call.
const (
	samplingTimeout = 10 * time.Second
	stopTimeout     = time.Second
)

// serve answers the sampling calls.
func (d *XRay) serve(ctx context.Context) {
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			d.add(xrayCalls, 1)
			if r.Header.Get("Origin") != "" { // a web page; SDKs send none
				http.Error(w, "requests of web pages are not answered", http.StatusForbidden)
				return
			}
			r.Header.Set("Content-Type", "application/json") // whatever a client calls it: curl says form
			d.c.Sampling.ServeHTTP(w, r)
		}),
		ReadTimeout: samplingTimeout, WriteTimeout: samplingTimeout, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: d.c.Log.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(d.tcp) }()
	select {
	case err := <-failed:
		d.c.Log.Error("the sampling calls are not answered any more", "error", err)
	case <-ctx.Done():
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		_ = server.Shutdown(grace) // what is answered later than that is cut off
		server.Close()
		<-failed
	}
}
