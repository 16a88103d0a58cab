package awswire

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/VictoriaMetrics/fastcache"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	dateFormat = "20060102T150405Z"
	// maxSkew is how far a request's date may be from the clock, either way.
	maxSkew = 5 * time.Minute
	// seenBytes holds about 900,000 signatures: 1,500 requests a second over the ten
	// minutes that a signature is good for. Beyond that the oldest are forgotten.
	seenBytes = 32 << 20
	// invocationID is the header that makes requests of an SDK differ from each other.
	// Without it two honest requests of one second may have the same signature.
	invocationID = "amz-sdk-invocation-id"
)

// Credential is what belongs to an access key id.
type Credential struct {
	Secret string
	// Token is the session token that must come with the key; "" refuses any token.
	Token string
}

// Keys are access keys that need no token: the secret of each access key id.
type Keys map[string]string

// Find returns the credential of an access key id.
func (k Keys) Find(accessKey string) (Credential, bool) {
	secret, ok := k[accessKey]
	return Credential{Secret: secret}, ok
}

// Verifier verifies AWS Signature Version 4 in the Authorization header. It is safe
// for concurrent use.
type Verifier struct {
	c    VerifierConfig
	mu   sync.Mutex // makes look-up and entry of a signature one step
	seen *fastcache.Cache

	failures failures
}

// VerifierConfig is what a Verifier needs.
type VerifierConfig struct {
	// Find returns the credential of an access key id. Required.
	Find func(accessKey string) (Credential, bool)
	// Now is the clock. Required.
	Now func() time.Time
	// Region is the only one accepted in a scope. Default: any.
	Region string
}

// NewVerifier makes a Verifier that has seen no signature yet.
func NewVerifier(c VerifierConfig) *Verifier {
	return &Verifier{c: c, seen: fastcache.New(seenBytes)}
}

// Claim is a signature that has not been checked against the body yet.
type Claim struct {
	AccessKey             string
	Date, Region, Service string
	signed                []string
	signature             []byte
	secret                string
	at                    string
	who                   string
}

// Claim reads who a request says it is from, and refuses what can be refused without
// the body: an unknown key, a stale date, headers that should be signed and are not, a
// sender who has failed too often.
func (v *Verifier) Claim(r *http.Request) (Claim, error) {
	c, err := v.claim(r)
	now := v.c.Now()
	if v.failures.blocked(c.who, now) {
		return c, Throttled()
	}
	if err != nil {
		v.failures.add(c.who, now)
	}
	return c, err
}

func (v *Verifier) claim(r *http.Request) (Claim, error) {
	c, err := parseAuthorization(r.Header["Authorization"])
	c.who = who(r, "")
	if err != nil {
		return c, err
	}
	credential, ok := v.c.Find(c.AccessKey)
	if ok {
		c.who = who(r, c.AccessKey)
	}
	if err := v.checkScope(&c, r); err != nil {
		return c, err
	}
	if err := checkSigned(c.signed, r.Header); err != nil {
		return c, err
	}
	token := r.Header.Get("X-Amz-Security-Token")
	if !ok || subtle.ConstantTimeCompare([]byte(token), []byte(credential.Token)) != 1 {
		return c, &Error{
			Code: "UnrecognizedClientException", QueryCode: "InvalidClientTokenId", Status: http.StatusForbidden,
			Message: "The security token included in the request is invalid.",
		}
	}
	c.secret = credential.Secret
	return c, nil
}

// Check verifies a claim against the request and its body as it was sent, that is
// before decompression.
func (v *Verifier) Check(c Claim, r *http.Request, body []byte) error {
	err := v.check(c, r, body)
	if err != nil {
		v.failures.add(c.who, v.c.Now())
	}
	return err
}

func (v *Verifier) check(c Claim, r *http.Request, body []byte) error {
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	if sent := r.Header.Get("X-Amz-Content-Sha256"); sent != "" && sent != hash {
		return mismatch("The provided 'x-amz-content-sha256' header does not match what was computed; unsigned and streaming payloads are not accepted.")
	}
	request := sha256.Sum256([]byte(canonicalRequest(r, c.signed, hash)))
	text := algorithm + "\n" + c.at + "\n" + c.scope() + "\n" + hex.EncodeToString(request[:])
	if !hmac.Equal(sign(signingKey(c), text), c.signature) {
		return mismatch("The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	if slices.Contains(c.signed, invocationID) && v.replayed(c.signature) {
		return mismatch("This signature was used before; every request needs its own.")
	}
	return nil
}

// replayed says whether a signature was seen before, and keeps it. A signature covers
// its date, so it needs no expiry here: checkScope refuses it when it is old.
func (v *Verifier) replayed(signature []byte) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.seen.Has(signature) {
		return true
	}
	v.seen.Set(signature, nil)
	return false
}

func (c Claim) scope() string {
	return c.Date + "/" + c.Region + "/" + c.Service + "/aws4_request"
}

func signingKey(c Claim) []byte {
	key := []byte("AWS4" + c.secret)
	for _, part := range []string{c.Date, c.Region, c.Service, "aws4_request"} {
		key = sign(key, part)
	}
	return key
}

func sign(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// parseAuthorization reads the one Authorization header:
//
//	AWS4-HMAC-SHA256 Credential=AK/20260102/us-east-1/events/aws4_request, SignedHeaders=host;x-amz-date, Signature=hex
func parseAuthorization(headers []string) (Claim, error) {
	var c Claim
	if len(headers) == 0 {
		return c, &Error{
			Code: "MissingAuthenticationTokenException", QueryCode: "MissingAuthenticationToken",
			Message: "Missing Authentication Token", Status: http.StatusForbidden,
		}
	}
	if len(headers) > 1 {
		return c, incomplete("The request has more than one Authorization header.")
	}
	rest, ok := strings.CutPrefix(headers[0], algorithm+" ")
	if !ok {
		return c, incomplete("The Authorization header must begin with '%s'.", algorithm)
	}
	parts := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if _, twice := parts[name]; twice {
			return c, incomplete("The Authorization header names '%s' twice.", name)
		}
		parts[name] = value
	}
	for _, name := range []string{"Credential", "SignedHeaders", "Signature"} {
		if parts[name] == "" {
			return c, incomplete("Authorization header requires '%s' parameter.", name)
		}
	}
	var err error
	if c.signature, err = hex.DecodeString(parts["Signature"]); err != nil || len(c.signature) != sha256.Size {
		return c, incomplete("The Signature must be %d hexadecimal digits.", 2*sha256.Size)
	}
	c.signed = strings.Split(parts["SignedHeaders"], ";")
	return c, c.parseCredential(parts["Credential"])
}

func (c *Claim) parseCredential(text string) error {
	parts := strings.Split(text, "/")
	if len(parts) != 5 || parts[4] != "aws4_request" || slices.Contains(parts, "") {
		return incomplete("Credential must have the form access-key/date/region/service/aws4_request.")
	}
	c.AccessKey, c.Date, c.Region, c.Service = parts[0], parts[1], parts[2], parts[3]
	return nil
}

// checkScope holds the request's date against the clock and the scope, and the scope's
// region against ours. Which service is the right one only the caller knows.
func (v *Verifier) checkScope(c *Claim, r *http.Request) error {
	dates := r.Header["X-Amz-Date"]
	if len(dates) != 1 {
		return incomplete("The request needs exactly one 'X-Amz-Date' header.")
	}
	c.at = dates[0]
	at, err := time.Parse(dateFormat, c.at)
	if err != nil {
		return incomplete("Date must be in ISO-8601 'basic format', like 20260102T150405Z.")
	}
	now := v.c.Now().UTC()
	switch skew := at.Sub(now); {
	case skew < -maxSkew:
		return mismatch("Signature expired: %s is now earlier than %s (%s - 5 min.)", c.at, now.Add(-maxSkew).Format(dateFormat), now.Format(dateFormat))
	case skew > maxSkew:
		return mismatch("Signature not yet current: %s is still later than %s (%s + 5 min.)", c.at, now.Add(maxSkew).Format(dateFormat), now.Format(dateFormat))
	case c.Date != c.at[:8]:
		return mismatch("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s', from '%s'.", c.Date, c.at[:8], c.at)
	case v.c.Region != "" && c.Region != v.c.Region:
		return mismatch("Credential should be scoped to a valid region, not '%s'. This server is '%s'.", c.Region, v.c.Region)
	}
	return nil
}

// mustSign are the headers that change what a request means: where they are, they are
// signed.
var mustSign = []string{"X-Amz-Target", "X-Amz-Content-Sha256", "X-Amz-Security-Token"}

func checkSigned(signed []string, h http.Header) error {
	for i, name := range signed {
		if name == "" || name != strings.ToLower(name) || i > 0 && name <= signed[i-1] {
			return incomplete("SignedHeaders must be in lower case, sorted, and each only once.")
		}
	}
	if !slices.Contains(signed, "host") {
		return incomplete("'Host' must be a 'SignedHeader' in the AWS Authorization.")
	}
	if !slices.Contains(signed, "x-amz-date") {
		return incomplete("'X-Amz-Date' must be a 'SignedHeader' in the AWS Authorization.")
	}
	for _, name := range mustSign {
		if len(h[name]) > 0 && !slices.Contains(signed, strings.ToLower(name)) {
			return incomplete("'%s' must be a 'SignedHeader' in the AWS Authorization.", name)
		}
	}
	return nil
}

func mismatch(format string, args ...any) *Error {
	return &Error{
		Code: "InvalidSignatureException", QueryCode: "SignatureDoesNotMatch",
		Message: fmt.Sprintf(format, args...), Status: http.StatusForbidden,
	}
}

// WrongService is the error for a signature scoped to another service.
func WrongService(want string) *Error {
	return mismatch("Credential should be scoped to correct service: '%s'.", want)
}

func incomplete(format string, args ...any) *Error {
	return &Error{
		Code: "IncompleteSignatureException", QueryCode: "IncompleteSignature",
		Message: fmt.Sprintf(format, args...),
	}
}
