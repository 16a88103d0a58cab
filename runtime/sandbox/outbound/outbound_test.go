package outbound

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/tocsin-engine/tocsin/sdk/abi"
)

func TestPermits(t *testing.T) {
	for _, tc := range []struct {
		allow []string
		url   string
		want  bool
	}{
		{[]string{"hooks.slack.com"}, "https://hooks.slack.com/services/T0", true},
		{[]string{"hooks.slack.com"}, "https://HOOKS.slack.com:443/", true},
		{[]string{"hooks.slack.com"}, "https://hooks.slack.com:8443/", false},
		{[]string{"hooks.slack.com"}, "https://hooks.slack.com.evil.example/", false},
		{[]string{"hooks.slack.com"}, "https://hooks.slack.com@evil.example/", false},
		{[]string{"hooks.slack.com"}, "ftp://hooks.slack.com/", false},
		{[]string{"hooks.slack.com"}, "file:///etc/passwd", false},
		{[]string{"hooks.slack.com"}, "http://2130706433/", false}, // 127.0.0.1, as some libraries read it
		{[]string{"hooks.slack.com"}, "http://017700000001/", false},
		{[]string{"hooks.slack.com"}, "http://0x7f.0.0.1/", false},
		{[]string{"hooks.slack.com"}, "http://127.1/", false},
		{[]string{"hooks.slack.com"}, "http://[::ffff:127.0.0.1]/", false},
		{[]string{"127.0.0.1"}, "http://0177.0.0.1/", false},
		{[]string{"10.0.0.0/8"}, "http://167838211/", false},
		{[]string{"*.example.com"}, "https://a.b.example.com/", true},
		{[]string{"*.example.com"}, "https://example.com/", false},
		{[]string{"*.example.com:8443"}, "https://a.example.com:8443/", true},
		{[]string{"10.0.0.7:8080"}, "http://10.0.0.7:8080/", true},
		{[]string{"10.0.0.7:8080"}, "http://10.0.0.7/", false},
		{[]string{"[::1]:9000"}, "http://[::1]:9000/", true},
		{[]string{"10.0.0.0/8"}, "http://10.1.2.3/", true},
		{nil, "https://example.com/", false},
		{[]string{"a.example"}, "https://a.example/../../b.example/", true}, // a path, of a.example
		{[]string{"a.example"}, "https://b.example/../a.example/", false},
		{[]string{"a.example"}, "https://b.example/..;@a.example/", false},
		{[]string{"a.example"}, "https://b.example#@a.example/", false},
		{[]string{"a.example"}, "https://b.example?@a.example/", false},
		{[]string{"a.example"}, "https://a.example%2e%2e/", false},
		{[]string{"a.example"}, "https://a.example..b.example/", false},
		{[]string{"*.example.com"}, "https://../.example.com/", false},
		{[]string{"*.example.com"}, "https://b.example/.example.com/", false},
		{[]string{"a.example"}, "//a.example/../", false},
		{[]string{"a.example"}, "../../a.example", false},
	} {
		if err := Permits(tc.allow, tc.url); (err == nil) != tc.want {
			t.Errorf("%v permits %s: %v, want %v", tc.allow, tc.url, err, tc.want)
		}
	}
}

func TestDials(t *testing.T) {
	for _, address := range []string{
		"127.0.0.1:80", "[::1]:80", "10.1.2.3:80", "172.16.0.1:80", "192.168.1.1:80", "169.254.169.254:80", "100.64.0.1:80", "0.0.0.0:80",
		"[::ffff:127.0.0.1]:80", "[::ffff:169.254.169.254]:80", "[fd00:ec2::254]:80", "[fe80::1]:80", "[fe80::1%eth0]:80", "[ff02::1]:80",
		"[64:ff9b::7f00:1]:80", "[2002:7f00:1::]:80", "255.255.255.255:80", "224.0.0.1:80", "[::]:80",
	} {
		if parse([]string{"example.com"}).dials(address) == nil {
			t.Errorf("%s was dialled without being listed", address)
		}
	}
	for address, allow := range map[string]string{"127.0.0.1:80": "localhost", "10.1.2.3:80": "10.0.0.0/8", "[::ffff:10.1.2.3]:80": "10.1.2.3:80", "93.184.215.14:443": "example.com"} {
		if err := parse([]string{allow}).dials(address); err != nil {
			t.Errorf("%s is listed by %s: %v", address, allow, err)
		}
	}
}

func FuzzDials(f *testing.F) {
	f.Add([]byte{127, 0, 0, 1})
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := netip.AddrFromSlice(b)
		if !ok {
			return
		}
		// An IPv4 address means the same however it is written.
		if a.Is4() {
			mapped := netip.AddrFrom16(a.As16())
			if (parse(nil).dials(netip.AddrPortFrom(a, 1).String()) == nil) != (parse(nil).dials(netip.AddrPortFrom(mapped, 1).String()) == nil) {
				t.Errorf("%s and %s are judged differently", a, mapped)
			}
		}
		if (a.IsLoopback() || a.IsPrivate()) && parse(nil).dials(netip.AddrPortFrom(a, 1).String()) == nil {
			t.Errorf("%s was dialled", a)
		}
	})
}

func TestSend(t *testing.T) {
	secret := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("SECRET")) }))
	defer secret.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, strings.Replace(secret.URL, "127.0.0.1", "localhost", 1), http.StatusFound)
		case "/to":
			http.Redirect(w, r, strings.Replace(r.URL.RawQuery, "PORT", secret.URL[strings.LastIndexByte(secret.URL, ':')+1:], 1), http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/big":
			w.Write(make([]byte, MaxBody+1))
		case "/binary":
			w.Write([]byte{0xff, 0})
		default:
			w.Header().Set("X-Method", r.Method)
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	for _, tc := range []struct {
		name, path string
		allow      []string
		errno      abi.Errno
		want       abi.HTTPResponse
	}{
		{"an answer of any status", "/", []string{host}, 0, abi.HTTPResponse{Status: 418}},
		{"bytes that are no text", "/binary", []string{host}, 0, abi.HTTPResponse{Status: 200, BodyBase64: "/wA="}},
		{"not listed", "/", []string{"example.com"}, abi.Denied, abi.HTTPResponse{}},
		{"redirected away", "/away", []string{host}, abi.Denied, abi.HTTPResponse{}},
		{"redirected to a decimal address", "/to?http://2130706433:PORT/", []string{host}, abi.Denied, abi.HTTPResponse{}},
		{"redirected to an octal address", "/to?http://0177.0.0.1:PORT/", []string{host}, abi.Denied, abi.HTTPResponse{}},
		{"redirected to a mapped address", "/to?http://[::ffff:127.0.0.1]:PORT/", []string{host}, abi.Denied, abi.HTTPResponse{}},
		{"redirected to a file", "/to?file:///etc/passwd", []string{host}, abi.Denied, abi.HTTPResponse{}},
		{"redirected to the metadata of a machine", "/to?http://169.254.169.254/latest/meta-data/", []string{host}, abi.Denied, abi.HTTPResponse{}},
		{"redirected upward to another host", "/to?//localhost:PORT/../..", []string{host}, abi.Denied, abi.HTTPResponse{}},
		{"redirected upward", "/to?../../..", []string{host}, 0, abi.HTTPResponse{Status: 418}},
		{"redirected for ever", "/round", []string{host}, abi.Denied, abi.HTTPResponse{}},
		{"too much", "/big", []string{host}, abi.TooLarge, abi.HTTPResponse{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, errno, err := Send(t.Context(), tc.allow, abi.HTTPRequest{Method: "POST", URL: server.URL + tc.path})
			if errno != tc.errno || got.Status != tc.want.Status || got.BodyBase64 != tc.want.BodyBase64 {
				t.Errorf("Send = %+v, %v, %v; want %+v, %v", got, errno, err, tc.want, tc.errno)
			}
			if err != nil && strings.Contains(err.Error(), server.URL) {
				t.Errorf("the error shows the URL, which may hold a secret: %v", err)
			}
		})
	}
}

func TestNameOfThisMachine(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("SECRET")) }))
	defer server.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "http://"), ":")
	// A name that an entry allows and that resolves to this machine.
	list := parse([]string{"localhost:" + port})
	list.inside = nil
	client := &http.Client{Transport: list.transport()}
	_, err := client.Get("http://localhost:" + port)
	if _, ok := errors.AsType[*Refused](err); !ok {
		t.Errorf("error %v, want the address refused", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, errno, _ := Send(ctx, []string{"localhost:" + port}, abi.HTTPRequest{URL: "http://localhost:" + port}); errno != abi.Timeout {
		t.Errorf("an ended context gave %v", errno)
	}
}
