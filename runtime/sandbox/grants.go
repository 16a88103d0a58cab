package sandbox

import (
	"fmt"
	"net"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/tocsin-engine/tocsin/sdk/abi"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// expand puts the config's hosts into a grant: "$config.url" is the host of the config's
// url, so that a shipped target may go where its own config points and nowhere else.
func expand(g abi.Grants, config []byte) (abi.Grants, error) {
	hosts := make([]string, 0, len(g.HTTP))
	for _, entry := range g.HTTP {
		name, ok := strings.CutPrefix(entry, "$config.")
		if !ok {
			hosts = append(hosts, entry)
			continue
		}
		text, _ := event.Value(config).Get(strings.Split(name, ".")...).Text()
		if text == "" || strings.HasPrefix(text, "{{secret:") {
			continue // the plugin's own init says that it is missing; a secret's host is listed by hand
		}
		host, err := hostOf(text)
		if err != nil {
			return g, fmt.Errorf("config.%s: %w", name, err)
		}
		hosts = append(hosts, host)
	}
	g.HTTP = hosts
	return g, nil
}

// hostOf is the host and port of a URL, as allow.http lists it.
func hostOf(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", fmt.Errorf("%q is no web address; write https://host/path", text)
	}
	if u.Port() == "" || u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80" {
		return strings.ToLower(u.Hostname()), nil
	}
	return strings.ToLower(net.JoinHostPort(u.Hostname(), u.Port())), nil
}

// allowsAWS says whether a grant allows an action on the resources that params names.
func allowsAWS(g abi.Grants, r abi.AWSRequest) bool {
	return slices.ContainsFunc(g.AWS, func(a abi.AWSGrant) bool {
		return a.Service == r.Service && slices.ContainsFunc(a.Actions, func(p string) bool { return like(p, r.Action) }) &&
			allowsResources(a.Resources, event.Value(r.Params))
	})
}

// allowsResources wants every resource that params names to be one of the patterns. A
// call that names none is refused when patterns are given: it cannot be judged.
func allowsResources(patterns []string, params event.Value) bool {
	if len(patterns) == 0 {
		return true
	}
	found := 0
	ok := eachResource(params, func(resource string) bool {
		found++
		return slices.ContainsFunc(patterns, func(p string) bool { return covers(p, resource) })
	})
	return ok && found > 0
}

// resourceNames are the parameters by which AWS calls of the services here name what
// they act on.
var resourceNames = []string{"QueueUrl", "TopicArn", "TargetArn", "PhoneNumber", "QueueName", "StreamName", "StreamARN",
	"AutoScalingGroupName", "AutoScalingGroupNames", "InstanceId", "InstanceIds", "ResourceArn", "FunctionName", "Arn", "Resources"}

func eachResource(params event.Value, visit func(string) bool) bool {
	for name, v := range params.Members() {
		if !slices.Contains(resourceNames, name) {
			continue
		}
		if text, ok := v.Text(); ok && !visit(text) {
			return false
		}
		for item := range v.Items() {
			if text, ok := item.Text(); ok && !visit(text) {
				return false
			}
		}
	}
	return true
}

// covers says whether an ARN pattern covers a resource, which calls name by ARN, by queue
// URL (account and name) or by name alone. The engine's region and account hold for what
// the name leaves out. Services find what is meant by the last part of a name, so that part
// must fit whatever a * before it takes in.
func covers(pattern, resource string) bool {
	if upward(resource) || !like(lastPart(pattern), lastPart(resource)) {
		return false
	}
	switch {
	case !strings.HasPrefix(pattern, "arn:"):
		return like(pattern, resource)
	case strings.HasPrefix(resource, "arn:"):
		return coversARN(strings.SplitN(pattern, ":", arnParts), strings.SplitN(resource, ":", arnParts))
	case strings.Contains(resource, "://"):
		parts := strings.Split(pattern, ":")
		return len(parts) > 1 && like(parts[len(parts)-2], path.Base(path.Dir(resource)))
	}
	return true
}

// arnParts are arn, partition, service, region, account, and what the service adds.
const arnParts = 6

// coversARN matches part by part: a * does not reach over a colon, but for the last one of
// a pattern that ends early, as arn:aws:sns:*.
func coversARN(pattern, resource []string) bool {
	if len(pattern) < len(resource) {
		last := len(pattern) - 1
		resource = append(slices.Clone(resource[:last]), strings.Join(resource[last:], ":"))
	}
	return slices.EqualFunc(pattern, resource, like)
}

func lastPart(name string) string { return name[strings.LastIndexAny(name, "/:")+1:] }

// upward says that a name has a part by which a path leads somewhere else.
func upward(name string) bool {
	return slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool { return part == "." || part == ".." })
}

// like matches * in pattern against any text. AWS's names hold no other wildcard.
func like(pattern, s string) bool {
	head, rest, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == s
	}
	if !strings.HasPrefix(s, head) {
		return false
	}
	for s = s[len(head):]; ; s = s[1:] {
		if like(rest, s) {
			return true
		}
		if s == "" {
			return false
		}
	}
}

// allowsEmit says whether a grant allows events of a source; * stands for any text.
func allowsEmit(g abi.Grants, source string) bool {
	return slices.ContainsFunc(g.Emit, func(p string) bool { return like(p, source) })
}
