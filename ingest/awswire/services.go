package awswire

import (
	"maps"
	"slices"
)

// Service is what the wire must know of one AWS service.
type Service struct {
	// Prefixes are what stands before the dot in X-Amz-Target, and as the service in the
	// paths of rpc-v2-cbor; the first is written.
	Prefixes []string
	// Protocol is what calls that go out are written in.
	Protocol Protocol
	// Version is the API version of query and ec2-query, Namespace their XML's.
	Version, Namespace string
}

// services, by signing name. A service of the JSON protocols needs its prefix here; one
// that is not here can still be answered, in whatever protocol its clients ask.
var services = map[string]Service{
	"autoscaling": {
		Protocol: Query, Version: "2011-01-01",
		Namespace: "http://autoscaling.amazonaws.com/doc/2011-01-01/",
	},
	"cloudtrail": {Protocol: JSON11, Prefixes: []string{
		"com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101", "CloudTrail_20131101", // botocore's, the Go SDK's
	}},
	"dynamodb": {Protocol: JSON10, Prefixes: []string{"DynamoDB_20120810"}},
	"ec2": {
		Protocol: EC2Query, Version: "2016-11-15",
		Namespace: "http://ec2.amazonaws.com/doc/2016-11-15/",
	},
	"events":  {Protocol: JSON11, Prefixes: []string{"AWSEvents"}},
	"kinesis": {Protocol: JSON11, Prefixes: []string{"Kinesis_20131202"}},
	"logs":    {Protocol: JSON11, Prefixes: []string{"Logs_20140328"}},
	"monitoring": {
		Protocol: JSON10, Prefixes: []string{"GraniteServiceVersion20100801"}, Version: "2010-08-01",
		Namespace: "http://monitoring.amazonaws.com/doc/2010-08-01/",
	},
	"sns": {
		Protocol: Query, Version: "2010-03-31",
		Namespace: "http://sns.amazonaws.com/doc/2010-03-31/",
	},
	"ssm": {Protocol: JSON11, Prefixes: []string{"AmazonSSM"}},
	"sqs": {
		Protocol: JSON10, Prefixes: []string{"AmazonSQS"}, Version: "2012-11-05",
		Namespace: "http://queue.amazonaws.com/doc/2012-11-05/",
	},
}

// serviceNames are the services that calls can go out to, sorted.
func serviceNames() []string { return slices.Sorted(maps.Keys(services)) }

// serviceOfPrefix finds the service of a target prefix, "" if there is none.
func serviceOfPrefix(prefix string) string {
	for name, s := range services {
		if slices.Contains(s.Prefixes, prefix) {
			return name
		}
	}
	return ""
}

// serviceOfVersion finds the service of a query API version, "" if there is none.
func serviceOfVersion(version string) string {
	if version == "" {
		return ""
	}
	for name, s := range services {
		if s.Version == version {
			return name
		}
	}
	return ""
}
