package awswire

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const testBody = `{"Entries":[]}`

var testTime = time.Date(2026, 11, 22, 18, 34, 24, 0, time.UTC)

func newTestVerifier() *Verifier {
	return NewVerifier(VerifierConfig{
		Find: func(key string) (Credential, bool) {
			switch key {
			case "AKIDEXAMPLE":
				return Credential{Secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}, true
			case "ASIAEXAMPLE":
				return Credential{Secret: "s", Token: "token"}, true
			}
			return Credential{}, false
		},
		Now:    func() time.Time { return testTime },
		Region: "us-east-1",
	})
}

// signed makes a request as an SDK signs it. change sees it before the signature.
func signed(t testing.TB, at time.Time, change func(*http.Request)) *http.Request {
	t.Helper()
	r := httptest.NewRequest("POST", "http://localhost:7575/", strings.NewReader(testBody))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSEvents.PutEvents")
	if change != nil {
		change(r)
	}
	signWith(t, r, "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "", at)
	return r
}

func signWith(t testing.TB, r *http.Request, key, secret, token string, at time.Time) {
	t.Helper()
	sum := sha256.Sum256([]byte(testBody))
	credentials := aws.Credentials{AccessKeyID: key, SecretAccessKey: secret, SessionToken: token}
	err := v4.NewSigner().SignHTTP(t.Context(), credentials, r, hex.EncodeToString(sum[:]), "events", "us-east-1", at)
	if err != nil {
		t.Fatal(err)
	}
}

func verify(v *Verifier, r *http.Request, body string) error {
	c, err := v.Claim(r)
	if err != nil {
		return err
	}
	return v.Check(c, r, []byte(body))
}

func TestVerifyWhatAnSDKSigns(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*http.Request)
	}{
		{"plain", nil},
		{"hash sent", func(r *http.Request) {
			sum := sha256.Sum256([]byte(testBody))
			r.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
		}},
		{"query", func(r *http.Request) { r.URL.RawQuery = "b=2&a=x%20y&a=%C3%A9&B=&c&a-b=~" }},
		{"path", func(r *http.Request) { r.URL.Path = "/v1/registries/name/a b%é"; r.URL.RawPath = "" }},
		{"spaces in a header", func(r *http.Request) { r.Header.Set("X-Amz-Agent-Stats", "  a   b  ") }},
		{"header twice", func(r *http.Request) { r.Header["X-Amz-Meta"] = []string{"b", "a"} }},
		{"gzip", func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }},
		{"five minutes late", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			at := testTime
			if strings.HasSuffix(tc.name, "late") {
				at = testTime.Add(-maxSkew)
			}
			if err := verify(newTestVerifier(), signed(t, at, tc.change), testBody); err != nil {
				t.Error(err)
			}
		})
	}
}

// The examples are AWS's own (aws-sig-v4-test-suite); they are signed without a body
// at 2015-08-30T12:36:00Z for the service "service".
func TestVerifyAWSTestSuite(t *testing.T) {
	v := newTestVerifier()
	v.c.Now = func() time.Time { return time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC) }
	for _, tc := range []struct{ name, method, uri, signature string }{
		{"get-vanilla", "GET", "/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"post-vanilla", "POST", "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
		{"get-vanilla-query-order-key-case", "GET", "/?Param2=value2&Param1=value1", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
		{"get-relative-relative", "GET", "/example1/example2/../..", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"get-slash-dot-slash", "GET", "/./", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"get-slash", "GET", "//", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequest(tc.method, "http://example.amazonaws.com"+tc.uri, nil)
			r.Header.Set("X-Amz-Date", "20150830T123600Z")
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature="+tc.signature)
			if err := verify(v, r, ""); err != nil {
				t.Errorf("%v\n%s", err, canonicalRequest(r, []string{"host", "x-amz-date"}, "…"))
			}
		})
	}
}

func TestVerifyRefuses(t *testing.T) {
	later := func(r *http.Request) { r.Header.Set("X-Amz-Date", "20261122T183425Z") }
	edit := func(old, now string) func(*http.Request) {
		return func(r *http.Request) {
			before := r.Header.Get("Authorization")
			r.Header.Set("Authorization", strings.Replace(before, old, now, 1))
			if r.Header.Get("Authorization") == before {
				panic("BUG: the test changed nothing")
			}
		}
	}
	for _, tc := range []struct {
		name   string
		tamper func(*http.Request)
		code   string
	}{
		{"no signature", func(r *http.Request) { r.Header.Del("Authorization") }, "MissingAuthenticationTokenException"},
		{"two signatures", func(r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) }, "IncompleteSignatureException"},
		{"other scheme", func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, "IncompleteSignatureException"},
		{"unknown key", edit("AKIDEXAMPLE", "AKIDNOBODY"), "UnrecognizedClientException"},
		{"session token nobody issued", func(r *http.Request) {
			r.Header.Set("X-Amz-Security-Token", "x")
			edit("x-amz-date", "x-amz-date;x-amz-security-token")(r)
		}, "UnrecognizedClientException"},
		{"header changed", func(r *http.Request) { r.Header.Set("X-Amz-Target", "AWSEvents.DeleteEventBus") }, "InvalidSignatureException"},
		{"header added", func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD") }, "IncompleteSignatureException"},
		{"host changed", func(r *http.Request) { r.Host = "elsewhere" }, "InvalidSignatureException"},
		{"path changed", func(r *http.Request) { r.URL.Path = "/x" }, "InvalidSignatureException"},
		{"query added", func(r *http.Request) { r.URL.RawQuery = "a=b" }, "InvalidSignatureException"},
		{"method changed", func(r *http.Request) { r.Method = "GET" }, "InvalidSignatureException"},
		{"date changed", later, "InvalidSignatureException"},
		{"date missing", func(r *http.Request) { r.Header.Del("X-Amz-Date") }, "IncompleteSignatureException"},
		{"date twice", func(r *http.Request) { r.Header.Add("X-Amz-Date", "20261122T183424Z") }, "IncompleteSignatureException"},
		{"date no date", func(r *http.Request) { r.Header.Set("X-Amz-Date", "now") }, "IncompleteSignatureException"},
		{"scope of another day", edit("/20261122/", "/20261121/"), "InvalidSignatureException"},
		{"scope of another region", edit("/us-east-1/", "/eu-west-1/"), "InvalidSignatureException"},
		{"scope of another service", edit("/events/", "/sqs/"), "InvalidSignatureException"},
		{"scope without an end", edit("/aws4_request", ""), "IncompleteSignatureException"},
		{"scope of nobody", edit("AKIDEXAMPLE/", "/"), "IncompleteSignatureException"},
		{"host not signed", edit(";host;", ";"), "IncompleteSignatureException"},
		{"date not signed", edit(";x-amz-date", ""), "IncompleteSignatureException"},
		{"target not signed", edit(";x-amz-target", ""), "IncompleteSignatureException"},
		{"signed headers in disorder", edit("content-length;content-type", "content-type;content-length"), "IncompleteSignatureException"},
		{"signed header twice", edit(";host;", ";host;host;"), "IncompleteSignatureException"},
		{"signature not hex", edit("Signature=", "Signature=zz"), "IncompleteSignatureException"},
		{"signature cut", func(r *http.Request) {
			s := r.Header.Get("Authorization")
			r.Header.Set("Authorization", s[:len(s)-2])
		}, "IncompleteSignatureException"},
		{"signature gone", func(r *http.Request) {
			s := r.Header.Get("Authorization")
			r.Header.Set("Authorization", s[:strings.Index(s, ", Signature")])
		}, "IncompleteSignatureException"},
		{"parameter twice", edit(", Signature", ", Credential=x, Signature"), "IncompleteSignatureException"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := signed(t, testTime, nil)
			tc.tamper(r)
			wantCode(t, verify(newTestVerifier(), r, testBody), tc.code)
		})
	}
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Code != code || e.status() < 400 || e.status() > 403 {
		t.Errorf("got %v, want a 4xx %s", err, code)
	}
}

func TestVerifyRefusesAnotherBodyOrSecretOrTime(t *testing.T) {
	v := newTestVerifier()
	wantCode(t, verify(v, signed(t, testTime, nil), testBody+" "), "InvalidSignatureException")
	wantCode(t, verify(v, signed(t, testTime.Add(-maxSkew-time.Second), nil), testBody), "InvalidSignatureException")
	wantCode(t, verify(v, signed(t, testTime.Add(maxSkew+time.Second), nil), testBody), "InvalidSignatureException")

	r := signed(t, testTime, nil)
	signWith(t, r, "AKIDEXAMPLE", "another secret", "", testTime)
	wantCode(t, verify(v, r, testBody), "InvalidSignatureException")

	unsigned := signed(t, testTime, func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD") })
	wantCode(t, verify(v, unsigned, testBody), "InvalidSignatureException")
}

func TestVerifySessionToken(t *testing.T) {
	v := newTestVerifier()
	r := signed(t, testTime, nil)
	signWith(t, r, "ASIAEXAMPLE", "s", "token", testTime)
	if err := verify(v, r, testBody); err != nil {
		t.Error(err)
	}
	r.Header.Del("X-Amz-Security-Token")
	wantCode(t, verify(v, r, testBody), "UnrecognizedClientException")
}

func TestVerifyReplay(t *testing.T) {
	v := newTestVerifier()
	withID := func(attempt string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Amz-Sdk-Invocation-Id", "c24be652-9854-43e9-bbd9-c89991ae5a0a")
			r.Header.Set("Amz-Sdk-Request", attempt)
		}
	}
	if err := verify(v, signed(t, testTime, withID("attempt=1; max=3")), testBody); err != nil {
		t.Fatal(err)
	}
	wantCode(t, verify(v, signed(t, testTime, withID("attempt=1; max=3")), testBody), "InvalidSignatureException")
	if err := verify(v, signed(t, testTime, withID("attempt=2; max=3")), testBody); err != nil {
		t.Errorf("the SDK's own retry: %v", err)
	}
	for range 2 { // without the header, equal requests of one second are legitimate
		if err := verify(v, signed(t, testTime, nil), testBody); err != nil {
			t.Errorf("without an invocation id: %v", err)
		}
	}
}

func TestVerifyThrottlesThoseWhoFail(t *testing.T) {
	v := newTestVerifier()
	now := testTime
	v.c.Now = func() time.Time { return now }
	from := func(address, secret string) error {
		r := signed(t, now, nil)
		r.RemoteAddr = address
		signWith(t, r, "AKIDEXAMPLE", secret, "", now)
		return verify(v, r, testBody)
	}
	const good = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	for range failureBurst {
		wantCode(t, from("192.0.2.1:1000", "guess"), "InvalidSignatureException")
	}
	for _, tc := range []struct {
		name, address, secret, code string
	}{
		{"the same again, from another port", "192.0.2.1:1001", "guess", "ThrottlingException"},
		{"even with the right secret", "192.0.2.1:1002", good, "ThrottlingException"},
		{"another address", "192.0.2.2:1000", good, ""},
	} {
		if err := from(tc.address, tc.secret); err == nil && tc.code != "" || err != nil && !strings.HasPrefix(err.Error(), tc.code) {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.code)
		}
	}
	r := signed(t, now, nil)
	r.RemoteAddr = "192.0.2.1:1000"
	signWith(t, r, "ASIAEXAMPLE", "s", "token", now)
	if err := verify(v, r, testBody); err != nil {
		t.Errorf("another key at the same address: %v", err)
	}
	now = now.Add(time.Second)
	if err := from("192.0.2.1:1000", good); err != nil {
		t.Errorf("a second later: %v", err)
	}
	now = now.Add(-time.Minute) // the clock was set back
	if err := from("192.0.2.1:1000", good); err != nil {
		t.Errorf("a minute earlier: %v", err)
	}
}

func TestFailuresAreBounded(t *testing.T) {
	var f failures
	for i := range maxFailing + 5 {
		f.add(fmt.Sprint(i), testTime)
	}
	if n := len(f.buckets); n > maxFailing {
		t.Errorf("%d are remembered", n)
	}
}

func TestVerifyReplay_hammer(t *testing.T) {
	v := newTestVerifier()
	r := signed(t, testTime, func(r *http.Request) { r.Header.Set("Amz-Sdk-Invocation-Id", "one") })
	var wg sync.WaitGroup
	accepted := make(chan struct{}, 16)
	for range 16 {
		wg.Go(func() {
			if verify(v, r, testBody) == nil {
				accepted <- struct{}{}
			}
		})
	}
	wg.Wait()
	if n := len(accepted); n != 1 {
		t.Errorf("one signature was accepted %d times", n)
	}
}

func FuzzVerify(f *testing.F) {
	r := signed(f, testTime, nil)
	f.Add(r.Header.Get("Authorization"), "/", "a=b", "POST", testBody)
	f.Add("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/us-east-1/events/aws4_request, SignedHeaders=host;x-amz-date, Signature=00", "/../%zz", "%zz=&&=", "GET", "")
	v := newTestVerifier()
	good := r.Header.Get("Authorization")
	f.Fuzz(func(t *testing.T, authorization, path, query, method, body string) {
		v.failures = failures{} // each input is somebody else's
		r := signed(t, testTime, nil)
		r.Header.Set("Authorization", authorization)
		r.URL.Path, r.URL.RawQuery, r.Method = path, query, method
		err := verify(v, r, body)
		same := body == testBody && method == "POST" && canonicalQuery(query) == "" && canonicalPath(r.URL.EscapedPath()) == "/"
		if err == nil && !same {
			t.Fatalf("accepted a changed request: %q %q %q %q %q", authorization, path, query, method, body)
		}
		if err != nil && same && authorization == good {
			t.Fatalf("refused the request that was signed: %v", err)
		}
		var e *Error
		if err != nil && (!errors.As(err, &e) || e.status() >= 500) {
			t.Fatalf("not a client's error: %v", err)
		}
	})
}
