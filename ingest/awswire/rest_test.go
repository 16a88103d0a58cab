package awswire

import (
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeREST(t *testing.T) {
	type request struct {
		RegistryName string
		Limit        *int32    `rest:"limit"`
		Keys         []string  `rest:"tagKeys"`
		Since        time.Time `rest:"since"`
		Yes          bool      `rest:"yes"`
		Tags         map[string]string
		Document     string
	}
	limit := int32(3)
	for _, tc := range []struct {
		name, query, body string
		labels            map[string]string
		want              request
		err               string
	}{
		{"all places", "limit=3&tagKeys=a&tagKeys=b&since=2026-01-02T00:00:00Z&yes=true&unknown=1", `{"Document":"d","Tags":{"k":"v"}}`,
			map[string]string{"RegistryName": "r/é"},
			request{"r/é", &limit, []string{"a", "b"}, time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), true, map[string]string{"k": "v"}, "d"}, ""},
		{"the path goes before the body", "", `{"RegistryName":"body"}`, map[string]string{"RegistryName": "path"}, request{RegistryName: "path"}, ""},
		{"nothing", "", "", nil, request{}, ""},
		{"a structure in the query", "Tags=x", "", nil, request{}, ""},
		{"bad number", "limit=x", "", nil, request{}, `limit: write an integer of 32 bits, not "x"`},
		{"bad body", "", "{", nil, request{}, "the body is not JSON"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			query, err := url.ParseQuery(tc.query)
			if err != nil {
				t.Fatal(err)
			}
			var got request
			err = DecodeREST(tc.labels, query, []byte(tc.body), &got)
			if tc.err != "" {
				wantClientError(t, err)
				return
			}
			if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
		})
	}
}

// FuzzDecodeREST: a query is read or is the client's error, and is never lost.
func FuzzDecodeREST(f *testing.F) {
	f.Add("a", "limit=3&name=x", []byte(`{"Name":"y"}`))
	f.Add("", "limit=&limit=-1", []byte(`{`))
	f.Fuzz(func(t *testing.T, label, query string, body []byte) {
		var got struct {
			Name  string `rest:"name"`
			Limit int    `rest:"limit"`
		}
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		err = DecodeREST(map[string]string{"name": label}, values, body, &got)
		wantClientError(t, err)
		if err == nil && got.Name != label {
			t.Fatalf("the label %q became %q", label, got.Name)
		}
	})
}
