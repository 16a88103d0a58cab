package awsapi

import (
	"strings"
	"testing"
)

func TestEnvironment(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "session",
		"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
	} {
		t.Setenv(name, value)
	}
	c, err := Environment(t.Context())
	if err != nil || c.Region != "eu-west-1" || *c.BaseEndpoint != "http://127.0.0.1:1" {
		t.Errorf("%+v %v", c, err)
	}
	keys, err := c.Credentials.Retrieve(t.Context())
	if err != nil || keys.AccessKeyID != "AKID" || keys.SecretAccessKey != "secret" || keys.SessionToken != "session" {
		t.Errorf("%+v %v", keys, err)
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	if c, err = Environment(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Credentials.Retrieve(t.Context()); err == nil || !strings.Contains(err.Error(), "AWS_SECRET_ACCESS_KEY") {
		t.Error(err)
	}
}
