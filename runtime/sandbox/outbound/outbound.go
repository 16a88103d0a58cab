// Package outbound sends the HTTP requests of plugins, and only where their grant lets
// them: the first URL, every redirect and every address that is dialled are checked.
//
// An entry of allow.http is a host ("hooks.slack.com", "*.example.com"), a host and port
// ("10.0.0.7:8080"), or a network ("10.0.0.0/8"). A host without a port means the
// scheme's own port. A name that resolves to this machine, to a private network or to a
// cloud's metadata service is refused unless its address or network is listed too: a
// name's owner decides where it points, an operator decides what is inside.
package outbound

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/tocsin-engine/tocsin/runtime/tracing"
	"github.com/tocsin-engine/tocsin/sdk/abi"
)

// MaxBody is how much of an answer's body a plugin gets.
const MaxBody = 1 << 20

const maxRedirects = 5

// Refused is a request that the grant does not allow. Its text is for the log: it names
// what to add.
type Refused struct{ Reason string }

func (r *Refused) Error() string { return r.Reason }

// Send sends a request under the entries of allow.http. The errno is 0 when an answer
// came; else the error says why, for the log, without the request's URL, which may hold a
// secret.
func Send(ctx context.Context, allow []string, r abi.HTTPRequest) (abi.HTTPResponse, abi.Errno, error) {
	list := parse(allow)
	request, err := build(ctx, r)
	if err != nil {
		return abi.HTTPResponse{}, abi.BadRequest, err
	}
	if err := list.permits(request.URL); err != nil {
		return abi.HTTPResponse{}, abi.Denied, err
	}
	client := &http.Client{Transport: transportOf(allow, list), CheckRedirect: func(next *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return &Refused{fmt.Sprintf("more than %d redirects", maxRedirects)}
		}
		return list.permits(next.URL)
	}}
	answer, err := client.Do(request)
	if err != nil {
		return abi.HTTPResponse{}, errnoOf(ctx, err), withoutURL(err)
	}
	defer answer.Body.Close()
	return read(ctx, answer)
}

// Permits checks a URL alone, without sending anything.
func Permits(allow []string, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return &Refused{"the URL cannot be read"}
	}
	return parse(allow).permits(u)
}

func build(ctx context.Context, r abi.HTTPRequest) (*http.Request, error) {
	body := r.Body
	if r.BodyBase64 != "" {
		b, err := base64.StdEncoding.DecodeString(r.BodyBase64)
		if err != nil {
			return nil, errors.New("body_base64 is not base64")
		}
		body = string(b)
	}
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	request, err := http.NewRequestWithContext(ctx, method, r.URL, strings.NewReader(body))
	if err != nil {
		return nil, withoutURL(err)
	}
	for name, value := range r.Headers {
		if strings.EqualFold(name, "host") {
			return nil, errors.New("the host header is the URL's; leave it out")
		}
		request.Header.Set(name, value)
	}
	if request.Header.Get("User-Agent") == "" {
		request.Header.Set("User-Agent", "tocsin")
	}
	tracing.Set(ctx, request.Header)
	return request, nil
}

func read(ctx context.Context, answer *http.Response) (abi.HTTPResponse, abi.Errno, error) {
	body, err := io.ReadAll(io.LimitReader(answer.Body, MaxBody+1))
	if err != nil {
		return abi.HTTPResponse{}, errnoOf(ctx, err), withoutURL(err)
	}
	if len(body) > MaxBody {
		return abi.HTTPResponse{}, abi.TooLarge, fmt.Errorf("the answer has more than %d bytes", MaxBody)
	}
	r := abi.HTTPResponse{Status: answer.StatusCode, Headers: map[string]string{}}
	for name, values := range answer.Header {
		r.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	if utf8.Valid(body) {
		r.Body = string(body)
	} else {
		r.BodyBase64 = base64.StdEncoding.EncodeToString(body)
	}
	return r, 0, nil
}

func errnoOf(ctx context.Context, err error) abi.Errno {
	if _, ok := errors.AsType[*Refused](err); ok {
		return abi.Denied
	}
	switch {
	case ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded):
		return abi.Timeout
	}
	return abi.Unavailable
}

// withoutURL drops the URL that net/http puts in front of its errors.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// list is a parsed allow.http.
type list struct {
	hosts    []string // lower case, with a port where the entry has one
	networks []netip.Prefix
	// inside are the addresses that hosts name: they may be dialled, at the entry's port.
	inside []netip.Prefix
}

func parse(allow []string) list {
	var l list
	for _, entry := range allow {
		entry = strings.ToLower(entry)
		if p, err := netip.ParsePrefix(entry); err == nil {
			l.networks = append(l.networks, p)
			continue
		}
		l.hosts = append(l.hosts, entry)
		host := entry
		if h, _, err := net.SplitHostPort(entry); err == nil {
			host = h
		}
		if a, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
			a = a.Unmap()
			l.inside = append(l.inside, netip.PrefixFrom(a, a.BitLen()))
		}
		if host == "localhost" {
			l.inside = append(l.inside, netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"))
		}
	}
	return l
}

// permits checks a URL's scheme, host and port.
func (l list) permits(u *url.URL) error {
	if u.Scheme != "https" && u.Scheme != "http" {
		return &Refused{fmt.Sprintf("the scheme %q is not http or https", u.Scheme)}
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	usual := port == "" || u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80"
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	for _, entry := range l.hosts {
		if entry == net.JoinHostPort(host, port) || usual && like(entry, host) {
			return nil
		}
		if h, p, err := net.SplitHostPort(entry); err == nil && p == port && like(h, host) {
			return nil
		}
	}
	if a, err := netip.ParseAddr(host); err == nil && usual && contains(l.networks, a) {
		return nil
	}
	if !usual {
		host = net.JoinHostPort(host, port)
	}
	return &Refused{host + " is not listed; add it under allow.http"}
}

// like matches a host against an entry, whose first label may be *.
func like(entry, host string) bool {
	if suffix, ok := strings.CutPrefix(entry, "*."); ok {
		return strings.HasSuffix(host, "."+suffix)
	}
	return entry == host || entry == "["+host+"]"
}

func contains(networks []netip.Prefix, a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, n := range networks {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// transports keep connections between the requests of targets with equal grants; one that
// is open was dialled under the same list.
var transports sync.Map // allow.http -> *http.Transport

func transportOf(allow []string, l list) *http.Transport {
	key := strings.Join(allow, "\n")
	if t, ok := transports.Load(key); ok {
		return t.(*http.Transport)
	}
	t, _ := transports.LoadOrStore(key, l.transport())
	return t.(*http.Transport)
}

// transport dials only addresses that are public or listed. It knows no proxy: the
// environment's would see the request and dial for us.
func (l list) transport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		return l.dials(address)
	}}
	return &http.Transport{DialContext: dialer.DialContext, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second,
		MaxResponseHeaderBytes: 64 << 10, MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second}
}

// dials checks the address that a connection is about to be made to, after the name was
// resolved: a name that changes its address between check and use gains nothing.
func (l list) dials(address string) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return &Refused{"the address " + address + " cannot be read"}
	}
	a := ap.Addr().Unmap().WithZone("")
	if public(a) || contains(l.networks, a) || contains(l.inside, a) {
		return nil
	}
	return &Refused{fmt.Sprintf("%s is an address of this machine or a private network; add %s under allow.http", a, a)}
}

// special are networks that netip has no name for and that no plugin reaches unasked.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // carrier-grade NAT
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), // benchmarks
	netip.MustParsePrefix("240.0.0.0/4"),   // reserved, broadcast
	netip.MustParsePrefix("64:ff9b::/96"),  // NAT64 leads to IPv4 addresses that are not checked
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("2002::/16"), // 6to4, likewise
	netip.MustParsePrefix("2001::/32"), // Teredo, likewise
}

func public(a netip.Addr) bool {
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	return !contains(special, a)
}
