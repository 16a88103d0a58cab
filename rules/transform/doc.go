// Package transform shapes what a target gets out of an event.
//
// An Input is EventBridge's Input, InputPath or InputTransformer, or an expression; the
// zero Input is the event itself, byte for byte.
//
//	in, errs := transform.FromTemplate(
//		map[string]string{"id": "$.detail.instance-id"}, `{"instance": <id>, "note": "see <id>"}`)
//	body, err := in.Apply(ev, transform.Context{RuleName: "stopped"})
//
// # Templates, as AWS does them
//
// A template is one JSON value, or lines that are each a text in quotes. <name> outside
// quotes is the value at its path as JSON; a path that leads nowhere is "". Within
// quotes a text is itself, with the event's own escapes, and a path that leads nowhere
// is nothing. Within quotes an object or a list loses its quotes and white space in
// lines of text, {acc_id:0a787ecb,sf_id:baz}; in any other template EventBridge does not
// deliver it, and here Apply returns ErrQuotedObject. That is all recorded from AWS.
//
// Where AWS is silent or worse: a template that can never give JSON is a finding, and
// not a delivery that fails; a text's escapes stay, so that a quote in a value cannot
// break the output; an InputPath that leads nowhere gives null.
// <aws.events.event> is the envelope without its detail and with detailType for
// detail-type, as recorded.
//
// # Paths
//
// $ is the event; after it stand .name, ['name'], ["name"] and [0]. EventBridge's page
// allows the first and the last. No path here gives more than one value: *, .., slices
// and filters are findings.
package transform
