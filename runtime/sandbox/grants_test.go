package sandbox

import "testing"

func TestCovers(t *testing.T) {
	for _, tc := range []struct {
		pattern, resource string
		want              bool
	}{
		{"arn:aws:sqs:*:*:orders", "arn:aws:sqs:eu-west-1:1:orders", true},
		{"arn:aws:sqs:*:1:orders", "http://127.0.0.1:7575/1/orders", true},
		{"arn:aws:sqs:*:1:orders", "http://127.0.0.1:7575/2/orders", false},
		{"arn:aws:sqs:*:1:orders*", "https://sqs.eu-west-1.amazonaws.com/1/orders-eu", true},
		{"arn:aws:kinesis:*:*:stream/clicks", "clicks", true},
		{"arn:aws:kinesis:*:*:stream/clicks", "clicks2", false},
		{"arn:aws:ec2:*:*:instance/*", "i-0123", true},
		{"arn:aws:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/web", "web", true},
		{"web-*", "web-1", true},
		{"arn:aws:sns:*", "arn:aws:sns:us-east-1:1:t", true},
		{"arn:aws:sns:us-east-1:1:t", "arn:aws:sns:us-east-1:1:tt", false},
		{"arn:aws:ec2:*", "i-0123", true},
		{"*", "https://sqs.eu-west-1.amazonaws.com/1/orders", true},
		{"arn:aws:sqs:*:1:orders", "http://127.0.0.1:7575/1/../2/orders", false},
		{"arn:aws:sqs:*:1:orders", "http://127.0.0.1:7575/2/../1/orders", false},
		{"arn:aws:sqs:*:1:orders", "http://127.0.0.1:7575/1/orders/../payments", false},
		{"arn:aws:sqs:*:1:orders", "http://127.0.0.1:7575/1/./orders", false},
		{"arn:aws:sqs:*:1:orders*", "arn:aws:sqs:eu-west-1:1:orders:payments", false},
		{"arn:aws:sqs:*:1:orders*", "arn:aws:sqs:eu-west-1:1:orders/payments", false},
		{"arn:aws:sqs:*:1:orders", "arn:aws:sqs:eu-west-1:2:x:1:orders", false},
		{"arn:aws:sqs:*:1:orders*", "http://h/1/orders:payments", false},
		{"arn:aws:kinesis:*:*:stream/clicks*", "arn:aws:kinesis:eu-west-1:1:stream/clicks/../payments", false},
		{"arn:aws:kinesis:*:*:stream/clicks*", "clicks/payments", false},
		{"web-*", "web-1/payments", false},
		{"web-*", "web-1:payments", false},
	} {
		if got := covers(tc.pattern, tc.resource); got != tc.want {
			t.Errorf("covers(%q, %q) = %v, want %v", tc.pattern, tc.resource, got, tc.want)
		}
	}
}

func TestResourcesThatCannotBeJudged(t *testing.T) {
	patterns := []string{"arn:aws:sqs:*:*:orders"}
	for params, want := range map[string]bool{
		`{"QueueUrl":"http://h/1/orders"}`:                        true,
		`{"QueueUrl":"http://h/1/orders","TopicArn":"arn:aws:x"}`: false,
		`{}`:                                 false,
		`{"InstanceIds":["orders","other"]}`: false,
	} {
		if got := allowsResources(patterns, []byte(params)); got != want {
			t.Errorf("%s is allowed: %v, want %v", params, got, want)
		}
	}
	if !allowsResources(nil, []byte(`{}`)) {
		t.Error("a grant without resources allows every one")
	}
}
