package call

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-engine/tocsin/sdk/target"
)

func TestParseResource(t *testing.T) {
	for text, want := range map[string]Resource{
		"orders": {Name: "orders"},
		"arn:aws:sqs:eu-west-1:123456789012:orders":         {Name: "orders", ARN: "arn:aws:sqs:eu-west-1:123456789012:orders", Region: "eu-west-1", Account: "123456789012"},
		"arn:aws-cn:sqs:cn-north-1:123456789012:queue/deep": {Name: "deep", ARN: "arn:aws-cn:sqs:cn-north-1:123456789012:queue/deep", Region: "cn-north-1", Account: "123456789012"},
	} {
		got, problem := ParseResource(text, "sqs")
		if diff := cmp.Diff(want, got); diff != "" || problem != "" {
			t.Errorf("%s (-want +got):\n%s%s", text, diff, problem)
		}
	}
	for _, text := range []string{"", "a b", "http://x", "arn:aws:sns:eu-west-1:1:x", "arn:aws:sqs:x", "arn:aws:sqs:a:b:"} {
		if _, problem := ParseResource(text, "sqs"); problem == "" {
			t.Errorf("%q is taken for a queue", text)
		}
	}
}

func TestChunks(t *testing.T) {
	ds := make([]*target.Delivery, 7)
	sizes := map[*target.Delivery]int{}
	for i := range ds {
		ds[i] = new(target.Delivery)
		sizes[ds[i]] = []int{1, 1, 1, 1, 9, 20, 1}[i]
	}
	var got []int
	for _, c := range Chunks(ds, 3, 10, func(d *target.Delivery) int { return sizes[d] }) {
		got = append(got, len(c))
	}
	if diff := cmp.Diff([]int{3, 2, 1, 1}, got); diff != "" {
		t.Errorf("chunks (-want +got):\n%s", diff)
	}
	if got := Chunks(nil, 3, 10, nil); got != nil {
		t.Errorf("no deliveries give %v", got)
	}
}

func TestMeaningKeepsTheText(t *testing.T) {
	err := &target.AWSError{Call: "sqs.SendMessage", Code: "QueueDoesNotExist", Message: "no"}
	if got := Meaning(err); got.Error() != err.Error() || !errors.Is(got, err) {
		t.Errorf("Meaning = %v", got)
	}
	if Meaning(nil) != nil {
		t.Error("no error gets a meaning")
	}
}
