package awswire

import (
	"net/http"
	"strings"
)

// Protocol is how requests and answers are written.
type Protocol uint8

// The protocols. REST (rest-json) is every request that is none of the others.
const (
	REST Protocol = iota
	JSON10
	JSON11
	Query
	EC2Query
	CBOR
)

// String names the protocol as AWS's models do.
func (p Protocol) String() string {
	return [...]string{"rest-json", "awsJson1.0", "awsJson1.1", "query", "ec2-query", "rpc-v2-cbor"}[p]
}

// IsForm says whether requests are forms and answers XML.
func (p Protocol) IsForm() bool { return p == Query || p == EC2Query }

// Route is what a request is for.
type Route struct {
	// Service is the signing name, "" if the request does not say.
	Service string
	// Operation is the operation's name; a form has it in the body (see WithForm), REST
	// has method and path here. An operation that belongs to another service than the
	// signature's is "".
	Operation string
	Protocol  Protocol
}

// RouteOf says what a request is for, from its headers and path: the service from the
// signature's scope, the operation from X-Amz-Target or the path.
func RouteOf(r *http.Request) Route {
	route := Route{Service: scopeService(r), Protocol: REST}
	target := r.Header.Get("X-Amz-Target")
	switch {
	case r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor":
		route.Protocol = CBOR
		prefix, operation, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/service/"), "/operation/")
		route.own(prefix, operation)
	case target != "":
		route.Protocol = JSON11
		if contentType(r) == "application/x-amz-json-1.0" {
			route.Protocol = JSON10
		}
		dot := strings.LastIndexByte(target, '.')
		route.own(target[:max(dot, 0)], target[dot+1:])
	case contentType(r) == "application/x-www-form-urlencoded", r.URL.Query().Has("Action"):
		route.Protocol = Query
		if route.Service == "ec2" {
			route.Protocol = EC2Query
		}
	default:
		route.Operation = r.Method + " " + r.URL.Path
	}
	return route
}

// own takes the operation of the service that a prefix belongs to, unless that is
// another one than the signature's.
func (r *Route) own(prefix, operation string) {
	owner := serviceOfPrefix(prefix)
	if r.Service == "" {
		r.Service = owner
	}
	if owner == r.Service {
		r.Operation = operation
	}
}

// WithForm completes the route of a query request from its form.
func (r Route) WithForm(f *Form) Route {
	r.Operation = f.Action
	if r.Service == "" {
		r.Service = serviceOfVersion(f.Version)
	}
	if r.Service == "ec2" {
		r.Protocol = EC2Query
	}
	return r
}

func contentType(r *http.Request) string {
	t, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(t))
}

// scopeService takes the service out of the Authorization header's credential scope:
// AKID/20260102/us-east-1/events/aws4_request.
func scopeService(r *http.Request) string {
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	credential, _, _ = strings.Cut(credential, ",")
	parts := strings.Split(strings.TrimSpace(credential), "/")
	if len(parts) < 5 {
		return ""
	}
	return parts[len(parts)-2]
}
