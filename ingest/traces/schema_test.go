package traces_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tocsin-engine/tocsin/ingest/traces"
	"github.com/tocsin-engine/tocsin/sdk/sharedtest"
)

// TestSchema: the schema takes what Parse takes of real SDKs' documents, and refuses what
// it refuses.
func TestSchema(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(traces.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	documents := map[string][]byte{"sound": []byte(sound), "empty": []byte("{}")}
	for _, name := range []string{"id", "trace_id", "name", "start_time", "end_time"} {
		documents["no "+name] = []byte(with(name, ""))
	}
	for name, value := range map[string]string{
		"type": `"subsegment"`, "id": `"x"`, "in_progress": "true", "cause": `"short"`, "subsegments": `[{}]`, "fault": `1`, "user": `"u"`,
	} {
		documents["with "+name] = []byte(with(name, value))
	}
	files, err := filepath.Glob(filepath.Join(sharedtest.Path(t, "xray/otel-awsxray"), "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if documents[filepath.Base(file)], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	for name, document := range documents {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
		if err != nil {
			t.Fatal(err)
		}
		_, errParse := traces.Parse(document)
		if errSchema := schema.Validate(v); (errSchema == nil) != (errParse == nil) {
			t.Errorf("%s: the schema says %v, Parse %v", name, errSchema, errParse)
		}
	}
}
