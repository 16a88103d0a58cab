package server

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// checkAddress refuses an address that others can reach as long as there are no keys.
func checkAddress(address string, keys bool) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("listen %s: write an address and a port, like 127.0.0.1:7575", address)
	}
	if keys || isLoopback(address) {
		return nil
	}
	return fmt.Errorf("listen %s: others can reach this address, so requests must be signed: "+
		"set --keys FILE (a line per key: ACCESS_KEY_ID SECRET), or listen on 127.0.0.1:%s", address, port)
}

// isLoopback says whether only this machine can reach an address. A name other than
// localhost is not looked up: what it means can change.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// guard keeps web pages out.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.webPage(r); err != nil {
			s.fail(w, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// webPage refuses what a web page sends. A browser on this machine reaches loopback, and
// a page can make it send requests: across origins (Origin is another host), or from a
// name of its own that it made resolve to 127.0.0.1 (Host is that name). The second needs
// no check where requests are signed.
func (s *Server) webPage(r *http.Request) error {
	if origin := r.Header.Get("Origin"); origin != "" {
		if u, err := url.Parse(origin); err != nil || u.Host != r.Host {
			return forbidden("requests from the web page " + origin + " are not answered")
		}
	}
	if s.verifier == nil && !isLocalName(r.Host) {
		return forbidden("without access keys only requests to an address or to localhost are answered, not to " + r.Host)
	}
	return nil
}

// isLocalName says whether a Host header is an address or localhost: nothing that a
// stranger's name server could answer for.
func isLocalName(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}
