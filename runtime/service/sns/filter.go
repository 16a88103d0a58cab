package sns

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/tocsin-engine/tocsin/rules/pattern"
	"github.com/tocsin-engine/tocsin/sdk/event"
)

// The two things that a filter policy can look at.
const (
	scopeAttributes = "MessageAttributes"
	scopeBody       = "MessageBody"
)

// compileFilter reads a filter policy. It is an event pattern in all but name: the
// attributes, or the body, are the event. nil means there is none.
func compileFilter(policy string) (*pattern.Pattern, error) {
	if policy == "" || policy == "{}" {
		return nil, nil
	}
	p, errs := pattern.CompileJSON([]byte(policy))
	if len(errs) > 0 {
		return nil, invalid("FilterPolicy: %s: %s", errs[0].Path, errs[0].Message)
	}
	return p, nil
}

// wants says whether a subscription's filter lets a message through.
func (x subscription) wants(m message) (bool, error) {
	p, err := compileFilter(x.Attributes["FilterPolicy"])
	if err != nil || p == nil {
		return err == nil, err
	}
	if x.Attributes["FilterPolicyScope"] == scopeBody {
		body := []byte(m.text("sqs"))
		isObject := event.Check(body) == nil && event.Value(body).Kind() == event.Object
		return isObject && p.Match(body), nil
	}
	return p.Match(attributesJSON(m.Attributes)), nil
}

// attributesJSON makes an object of message attributes, each with its JSON type.
func attributesJSON(all map[string]Attribute) []byte {
	o := map[string]any{}
	for name, a := range all {
		switch {
		case strings.HasPrefix(a.DataType, "Number"):
			o[name] = json.Number(strings.TrimSpace(a.StringValue))
		case a.DataType == "String.Array" && json.Valid([]byte(a.StringValue)):
			o[name] = json.RawMessage(a.StringValue)
		case strings.HasPrefix(a.DataType, "Binary"):
			o[name] = base64.StdEncoding.EncodeToString(a.BinaryValue)
		default:
			o[name] = a.StringValue
		}
	}
	b, err := json.Marshal(o)
	if err != nil {
		panic("BUG: " + err.Error()) // checkAttributes let only JSON numbers through
	}
	return b
}
