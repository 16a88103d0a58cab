package service

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFindPath(t *testing.T) {
	at := func(service, name, path string) Operation {
		op := Op(service, name, func(context.Context, Caller, *Empty) (*Empty, error) { return nil, nil })
		op.Path = path
		return op
	}
	table := NewTable([]Operation{
		at("xray", "PutTraceSegments", "POST /TraceSegments"),
		at("lambda", "ListFunctions", "GET /2015-03-31/functions/"),
		at("schemas", "ListRegistries", "GET /v1/registries"),
		at("schemas", "DescribeRegistry", "GET /v1/registries/name/{RegistryName}"),
		at("schemas", "DeleteRegistry", "DELETE /v1/registries/name/{RegistryName}"),
		at("schemas", "DescribeSchema", "GET /v1/registries/name/{RegistryName}/schemas/name/{SchemaName}"),
		at("schemas", "ListTagsForResource", "GET /tags/{ResourceArn+}"),
	})
	for _, tc := range []struct {
		service, method, path, want string
		labels                      map[string]string
	}{
		{"xray", "POST", "/TraceSegments", "PutTraceSegments", map[string]string{}},
		{"", "POST", "/TraceSegments", "PutTraceSegments", map[string]string{}},
		{"lambda", "POST", "/TraceSegments", "", nil},
		{"xray", "GET", "/TraceSegments", "", nil},
		{"xray", "POST", "/tracesegments", "", nil},
		{"xray", "POST", "/", "", nil},
		{"lambda", "GET", "/2015-03-31/functions", "ListFunctions", map[string]string{}},
		{"schemas", "GET", "/v1/registries", "ListRegistries", map[string]string{}},
		{"schemas", "GET", "/v1/registries/name/aws.events", "DescribeRegistry", map[string]string{"RegistryName": "aws.events"}},
		{"schemas", "DELETE", "/v1/registries/name/a%2Fb%20c", "DeleteRegistry", map[string]string{"RegistryName": "a/b c"}},
		{"schemas", "GET", "/v1/registries/name/r/schemas/name/s", "DescribeSchema", map[string]string{"RegistryName": "r", "SchemaName": "s"}},
		{"schemas", "GET", "/v1/registries/name/r/schemas", "", nil},
		{"schemas", "GET", "/v1/registries/name//schemas/name/s", "", nil},
		{"schemas", "GET", "/v1/registries/name/%zz", "", nil},
		{"schemas", "GET", "/tags/arn:aws:schemas:r:1:a/b", "ListTagsForResource", map[string]string{"ResourceArn": "arn:aws:schemas:r:1:a/b"}},
		{"schemas", "GET", "/tags", "", nil},
	} {
		op, labels, ok := table.FindPath(tc.service, tc.method, tc.path)
		if ok != (tc.want != "") || op.Name != tc.want || !cmp.Equal(labels, tc.labels) {
			t.Errorf("FindPath(%q, %s %s) = %q %v, want %q %v", tc.service, tc.method, tc.path, op.Name, labels, tc.want, tc.labels)
		}
	}
}
