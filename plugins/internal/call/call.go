// Package call is what the shipped targets that call AWS services share: what an error
// of a service means for a delivery, in EventBridge's words, batches under a limit, and the
// messages of SNS and SQS.
package call

import (
	"errors"
	"strings"

	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
	"github.com/tocsin-engine/tocsin/sdk/target"
)

// The error codes of EventBridge's dead letters.
const (
	NoResource    = "NO_RESOURCE"
	NoPermissions = "NO_PERMISSIONS"
)

// Do calls an action and gives its error a meaning; region "" is the engine's.
func Do(region, service, action string, params event.Value) (event.Value, error) {
	v, err := target.AWSIn(region, service, action, params)
	return v, Meaning(err)
}

// Meaning says what an error of an AWS call means: what is missing or forbidden is final
// and has EventBridge's code, everything else is as the service says.
func Meaning(err error) error {
	var a *target.AWSError
	var h *target.HostError
	switch {
	case errors.As(err, &a) && !a.Retry && isMissing(a):
		return target.Fail(NoResource, err)
	case errors.As(err, &a) && !a.Retry && isForbidden(a.Code):
		return target.Fail(NoPermissions, err)
	case errors.As(err, &h) && h.Errno == abi.Denied:
		return target.Fail(NoPermissions, err)
	}
	return err
}

func isMissing(a *target.AWSError) bool {
	switch a.Code {
	case "ResourceNotFoundException", "NotFound", "NotFoundException", "QueueDoesNotExist",
		"AWS.SimpleQueueService.NonExistentQueue", "InvalidInstanceID.NotFound":
		return true
	}
	// Auto Scaling has no code of its own for it.
	return a.Code == "ValidationError" && strings.Contains(a.Message, "not found")
}

func isForbidden(code string) bool {
	switch code {
	case "AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException",
		"UnauthorizedOperation", "InvalidClientTokenId", "UnrecognizedClientException",
		"SignatureDoesNotMatch", "ExpiredToken", "ExpiredTokenException":
		return true
	}
	return false
}

// Resource is a name, or an ARN with the region and account that it names.
type Resource struct{ Name, ARN, Region, Account string }

// ParseResource reads an ARN of a service, or a bare name. The name is what stands after
// the last colon or slash.
func ParseResource(text, service string) (r Resource, problem string) {
	if !strings.HasPrefix(text, "arn:") {
		if text == "" || strings.ContainsAny(text, ":/ ") {
			return r, "is " + text + "; write a name or an ARN like arn:aws:" + service + ":eu-west-1:123456789012:NAME"
		}
		return Resource{Name: text}, ""
	}
	part := strings.SplitN(text, ":", 6)
	if len(part) != 6 || part[2] != service || part[5] == "" {
		return r, "is " + text + "; write an ARN like arn:aws:" + service + ":eu-west-1:123456789012:NAME"
	}
	return Resource{ARN: text, Region: part[3], Account: part[4], Name: part[5][strings.LastIndexAny(part[5], ":/")+1:]}, ""
}
