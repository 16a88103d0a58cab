package awswire

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type attribute struct {
	StringValue string
	DataType    string `json:",omitempty"`
	BinaryValue []byte `json:",omitempty"`
}

type everything struct {
	QueueURL string               `json:"QueueUrl"`
	Delay    *int32               `json:",omitempty"`
	Big      int64                `json:"big,omitempty"`
	Ratio    float64              `json:",omitempty"`
	Exact    *json.Number         `json:",omitempty"`
	Yes      bool                 `json:",omitempty"`
	Names    []string             `json:",omitempty"`
	Items    []attribute          `json:",omitempty" query:",,Item"`
	Flat     []string             `json:",omitempty" query:"FlatName,flat"`
	Tags     map[string]string    `json:",omitempty"`
	Message  map[string]attribute `json:",omitempty" query:"MessageAttribute,flat,Name,Value"`
	Inner    *attribute           `json:",omitempty"`
	At       time.Time
	Matched  int `json:"-"`
}

func full() everything {
	delay := int32(0)
	return everything{
		QueueURL: "http://x/1?a=b&c", Delay: &delay, Big: 1 << 60, Ratio: 0.1, Yes: true,
		Names: []string{"a", "b <&> \"é\r\n"}, Items: []attribute{{StringValue: "s"}, {BinaryValue: []byte{0, 255}}},
		Flat: []string{"f", ""}, Tags: map[string]string{"k": "v", "a.b": "c"},
		Message: map[string]attribute{"m": {StringValue: "1", DataType: "Number"}},
		Inner:   &attribute{StringValue: "in"}, At: time.UnixMilli(1795372464123).UTC(),
	}
}

func TestJSONWritesAndReads(t *testing.T) {
	in := full()
	in.Matched = 3
	got := string(EncodeJSON(&in))
	want := `{"QueueUrl":"http://x/1?a=b&c","Delay":0,"big":1152921504606846976,"Ratio":0.1,"Yes":true,` +
		`"Names":["a","b <&> \"é\r\n"],"Items":[{"StringValue":"s"},{"StringValue":"","BinaryValue":"AP8="}],"Flat":["f",""],` +
		`"Tags":{"a.b":"c","k":"v"},"Message":{"m":{"StringValue":"1","DataType":"Number"}},"Inner":{"StringValue":"in"},"At":1795372464.123}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("EncodeJSON (-want +got):\n%s", diff)
	}
	var out everything
	if err := DecodeJSON([]byte(got), &out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(full(), out); diff != "" {
		t.Fatalf("DecodeJSON(EncodeJSON(x)) (-want +got):\n%s", diff)
	}
}

func TestEncodeJSONLeavesOut(t *testing.T) {
	type reply struct {
		List  []string
		Map   map[string]string
		Maybe *string
		Empty string
		Gone  []string `json:",omitempty"`
		At    time.Time
	}
	if got, want := string(EncodeJSON(&reply{})), `{"List":[],"Map":{},"Empty":""}`; got != want {
		t.Errorf("EncodeJSON = %s, want %s", got, want)
	}
}

func TestDecodeJSONRefuses(t *testing.T) {
	for _, tc := range []struct{ name, body, want string }{
		{"wrong type", `{"Names":["a",1]}`, "Names[1]: write a string, not a number"},
		{"nested", `{"Message":{"m":{"DataType":[]}}}`, "Message.m.DataType: write a string, not a list"},
		{"integer", `{"Delay":1.5}`, `Delay: write an integer of 32 bits, not "1.5"`},
		{"too big", `{"Delay":2147483648}`, `Delay: write an integer of 32 bits, not "2147483648"`},
		{"number as text", `{"Delay":"5"}`, "Delay: write a number, not a string"},
		{"bool as text", `{"Yes":"true"}`, "Yes: write true or false, not a string"},
		{"blob", `{"Inner":{"BinaryValue":"!"}}`, "Inner.BinaryValue: the blob is not base64"},
		{"time", `{"At":true}`, "At: write a time in seconds since 1970, not true or false"},
		{"time text", `{"At":"noon"}`, `At: write a time like 2026-01-02T15:04:05Z, not "noon"`},
		{"time before all years", `{"At":-62135596801}`, "At: -62135596801 is no time in seconds since 1970"},
		{"time range", `{"At":1e300}`, "At: 1e300 is no time in seconds since 1970"},
		{"list for object", `{"Tags":[]}`, "Tags: write an object, not a list"},
		{"object for list", `{"Names":{}}`, "Names: write a list, not an object"},
		{"not an object", `[]`, "the body is a list; write an object"},
		{"twice", `{"Names":[],"Names":[]}`, `at byte 12: the name "Names" stands twice in one object`},
		{"broken", `{"Names":`, "at byte 9: the text ends where a value is needed"},
		{"long list", `{"Names":["` + strings.Repeat(`","`, maxItems) + `"]}`, "Names: write at most 10000 items"},
		{"float", `{"Ratio":1e999}`, `Ratio: write a number, not "1e999"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var into everything
			err := DecodeJSON([]byte(tc.body), &into)
			var e *Error
			if !errors.As(err, &e) || e.Code != "SerializationException" || !strings.HasSuffix(e.Message, tc.want) {
				t.Errorf("DecodeJSON(%s) = %v, want SerializationException … %s", tc.body, err, tc.want)
			}
		})
	}
}

func TestDecodeJSONIsLenientWhereAWSIs(t *testing.T) {
	var got everything
	body := ` {"queueurl":"other case","Unknown":{"a":[1]},"Delay":null,"Tags":{"k":null},"At":"2026-11-22T18:34:24.5Z"} ` + "\n"
	if err := DecodeJSON([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := everything{Tags: map[string]string{}, At: time.UnixMilli(1795372464500).UTC()}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := DecodeJSON(nil, &got); err != nil {
		t.Errorf("no body at all: %v", err)
	}
}

func TestFormWritesAndReads(t *testing.T) {
	in := full()
	got := string(EncodeForm("Do", "2012-11-05", &in, false))
	want := []string{
		"Action=Do", "Version=2012-11-05", "QueueUrl=http%3A%2F%2Fx%2F1%3Fa%3Db%26c", "Delay=0", "big=1152921504606846976",
		"Ratio=0.1", "Yes=true", "Names.member.1=a", "Names.member.2=b+%3C%26%3E+%22%C3%A9%0D%0A",
		"Items.Item.1.StringValue=s", "Items.Item.2.StringValue=", "Items.Item.2.BinaryValue=AP8%3D",
		"FlatName.1=f", "FlatName.2=", "Tags.entry.1.key=a.b", "Tags.entry.1.value=c", "Tags.entry.2.key=k", "Tags.entry.2.value=v",
		"MessageAttribute.1.Name=m", "MessageAttribute.1.Value.StringValue=1", "MessageAttribute.1.Value.DataType=Number",
		"Inner.StringValue=in", "At=2026-11-22T18%3A34%3A24.123Z",
	}
	if diff := cmp.Diff(want, strings.Split(got, "&")); diff != "" {
		t.Fatalf("EncodeForm (-want +got):\n%s", diff)
	}
	f, err := ParseForm(got)
	if err != nil {
		t.Fatal(err)
	}
	var out everything
	if err := f.Decode(&out, false); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(full(), out); diff != "" {
		t.Fatalf("decoded form (-want +got):\n%s", diff)
	}
	if f.Action != "Do" || f.Version != "2012-11-05" {
		t.Errorf("action %q, version %q", f.Action, f.Version)
	}
}

func TestFormOfEC2(t *testing.T) {
	type filter struct {
		Name   string
		Values []string `query:"Value"`
	}
	type request struct {
		InstanceIds []string `query:"InstanceId"`
		Filters     []filter `query:"Filter"`
		DryRun      bool     `json:",omitempty" query:"dryRun"`
	}
	in := request{InstanceIds: []string{"i-1", "i-2"}, Filters: []filter{{"state", []string{"a", "b"}}}, DryRun: true}
	body := string(EncodeForm("StopInstances", "2016-11-15", &in, true))
	want := "Action=StopInstances&Version=2016-11-15&InstanceId.1=i-1&InstanceId.2=i-2&Filter.1.Name=state&Filter.1.Value.1=a&Filter.1.Value.2=b&DryRun=true"
	if body != want {
		t.Errorf("EncodeForm = %s, want %s", body, want)
	}
	f, err := ParseForm(body)
	if err != nil {
		t.Fatal(err)
	}
	var out request
	if err := f.Decode(&out, true); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, out); diff != "" {
		t.Error(diff)
	}
}

func TestFormRefuses(t *testing.T) {
	for _, tc := range []struct{ name, body, want string }{
		{"escape", "A=%zz", `the parameter "A=%zz" is not form-encoded`},
		{"twice", "A=1&A=2", `the parameter "A" stands twice`},
		{"deep", strings.Repeat("a.", 16) + "a=1", "more than 16 parts"},
		{"integer", "Delay=x", `Delay: write an integer of 32 bits, not "x"`},
		{"structure", "Delay.1=x", "Delay: write one value, not a structure"},
		{"no key", "Tags.entry.1.value=x", "Tags.entry.1 has no key"},
		{"long list", longForm(maxItems + 1), "FlatName: write at most 10000 items"},
		{"long form", longForm(maxParams + 1), "more than 120000 parameters"},
		{"list item", "Items.Item.1.BinaryValue=!", "Items.Item.1.BinaryValue: the blob is not base64"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, err := ParseForm(tc.body)
			if err == nil {
				err = f.Decode(&everything{}, false)
			}
			var e *Error
			if !errors.As(err, &e) || !strings.HasPrefix(e.queryCode(), "Malformed") || !strings.Contains(e.Message, tc.want) {
				t.Errorf("%s = %v, want … %s", tc.body, err, tc.want)
			}
		})
	}
}

func longForm(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "&FlatName.%d=x", i)
	}
	return b.String()
}

func TestFormListsMayHaveHoles(t *testing.T) {
	f, err := ParseForm("FlatName.10=c&FlatName.2=b&FlatName.1=a&FlatName.x=no&&Names=")
	if err != nil {
		t.Fatal(err)
	}
	var got everything
	if err := f.Decode(&got, false); err != nil {
		t.Fatal(err)
	}
	want := everything{Flat: []string{"a", "b", "c"}, Names: []string{}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestQueryAnswerWritesAndReads(t *testing.T) {
	in := full()
	a := EncodeResponse(Route{Service: "sns", Operation: "Do", Protocol: Query}, "rid", &in)
	want := `<DoResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><DoResult><QueueUrl>http://x/1?a=b&amp;c</QueueUrl>` +
		`<Delay>0</Delay><big>1152921504606846976</big><Ratio>0.1</Ratio><Yes>true</Yes>` +
		`<Names><member>a</member><member>b &lt;&amp;&gt; &#34;é&#xD;&#xA;</member></Names>` +
		`<Items><Item><StringValue>s</StringValue></Item><Item><StringValue></StringValue><BinaryValue>AP8=</BinaryValue></Item></Items>` +
		`<FlatName>f</FlatName><FlatName></FlatName>` +
		`<Tags><entry><key>a.b</key><value>c</value></entry><entry><key>k</key><value>v</value></entry></Tags>` +
		`<MessageAttribute><Name>m</Name><Value><StringValue>1</StringValue><DataType>Number</DataType></Value></MessageAttribute>` +
		`<Inner><StringValue>in</StringValue></Inner><At>2026-11-22T18:34:24.123Z</At></DoResult>` +
		`<ResponseMetadata><RequestId>rid</RequestId></ResponseMetadata></DoResponse>`
	if diff := cmp.Diff(want, string(a.Body)); diff != "" {
		t.Fatalf("EncodeResponse (-want +got):\n%s", diff)
	}
	var out everything
	if err := DecodeResponse("sns", "Do", a, &out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(full(), out); diff != "" {
		t.Fatalf("decoded answer (-want +got):\n%s", diff)
	}
}

func TestQueryAnswerWithoutMembers(t *testing.T) {
	a := EncodeResponse(Route{Service: "sqs", Operation: "DeleteMessage", Protocol: Query}, "rid", &struct{}{})
	want := `<DeleteMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><ResponseMetadata><RequestId>rid</RequestId></ResponseMetadata></DeleteMessageResponse>`
	if string(a.Body) != want {
		t.Errorf("got %s, want %s", a.Body, want)
	}
}

func TestEC2AnswerWritesAndReads(t *testing.T) {
	type instance struct {
		InstanceID string   `json:"InstanceId"`
		Groups     []string `query:"groupSet"`
	}
	type reservations struct {
		Instances []instance `query:"instancesSet,flat"`
		NextToken string     `json:",omitempty"`
	}
	in := reservations{Instances: []instance{{"i-1", []string{"g"}}, {"i-2", []string{}}}, NextToken: "n"}
	a := EncodeResponse(Route{Service: "ec2", Operation: "Describe", Protocol: EC2Query}, "rid", &in)
	want := `<DescribeResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>rid</requestId>` +
		`<instancesSet><item><instanceId>i-1</instanceId><groupSet><item>g</item></groupSet></item>` +
		`<item><instanceId>i-2</instanceId><groupSet></groupSet></item></instancesSet><nextToken>n</nextToken></DescribeResponse>`
	if diff := cmp.Diff(want, string(a.Body)); diff != "" {
		t.Fatal(diff)
	}
	var out reservations
	if err := DecodeResponse("ec2", "Describe", a, &out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, out); diff != "" {
		t.Error(diff)
	}
}

func TestErrorsInEveryProtocol(t *testing.T) {
	e := &Error{Code: "QueueDoesNotExist", QueryCode: "AWS.SimpleQueueService.NonExistentQueue", Message: "No <queue>."}
	for _, tc := range []struct {
		route        Route
		body, header string
	}{
		{Route{Service: "sqs", Protocol: JSON10}, `{"__type":"QueueDoesNotExist","message":"No <queue>."}`, "application/x-amz-json-1.0"},
		{Route{Service: "events", Protocol: JSON11}, `{"__type":"QueueDoesNotExist","message":"No <queue>."}`, "application/x-amz-json-1.1"},
		{Route{Service: "sns", Protocol: Query}, `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>No &lt;queue&gt;.</Message></Error><RequestId>rid</RequestId></ErrorResponse>`, "text/xml"},
		{Route{Service: "ec2", Protocol: EC2Query}, `<Response><Errors><Error><Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>No &lt;queue&gt;.</Message></Error></Errors><RequestID>rid</RequestID></Response>`, "text/xml"},
	} {
		t.Run(tc.route.Protocol.String(), func(t *testing.T) {
			a := EncodeError(tc.route, "rid", e)
			if diff := cmp.Diff(tc.body, string(a.Body)); diff != "" {
				t.Error(diff)
			}
			if a.Status != 400 || a.Header.Get("Content-Type") != tc.header || a.Header.Get("x-amzn-RequestId") != "rid" {
				t.Errorf("status %d, header %v", a.Status, a.Header)
			}
			var got *Error
			if err := DecodeResponse(tc.route.Service, "Do", a, &everything{}); !errors.As(err, &got) {
				t.Fatalf("DecodeResponse of an error = %v", err)
			}
			if want := e.Message; got.Message != want || got.Status != 400 {
				t.Errorf("decoded %+v", got)
			}
		})
	}
	a := EncodeError(Route{Service: "sqs", Protocol: JSON10}, "rid", e)
	if got, want := a.Header.Get("x-amzn-query-error"), "AWS.SimpleQueueService.NonExistentQueue;Sender"; got != want {
		t.Errorf("x-amzn-query-error = %q, want %q", got, want)
	}
}

func TestDecodeResponseOfAnythingElse(t *testing.T) {
	for _, tc := range []struct{ service, body, code string }{
		{"events", `<html>`, "Bad Gateway"},
		{"events", `{"__type":"com.amazonaws.events#Busy:http://x","Message":"m"}`, "Busy"},
		{"sns", `<html>`, "Bad Gateway"},
		{"sns", `<ErrorResponse/>`, "Bad Gateway"},
		{"ec2", ``, "Bad Gateway"},
	} {
		err := DecodeResponse(tc.service, "Do", Answer{Status: 502, Header: http.Header{}, Body: []byte(tc.body)}, &everything{})
		var e *Error
		if !errors.As(err, &e) || e.Code != tc.code || e.Status != 502 {
			t.Errorf("%s %q = %v, want %s", tc.service, tc.body, err, tc.code)
		}
	}
}

func TestEncodeRequest(t *testing.T) {
	type request struct {
		Name string
	}
	out, err := EncodeRequest("kinesis", "CreateStream", &request{"k"})
	if err != nil || out.Header.Get("X-Amz-Target") != "Kinesis_20131202.CreateStream" || string(out.Body) != `{"Name":"k"}` {
		t.Errorf("kinesis: %v %s %v", out.Header, out.Body, err)
	}
	out, err = EncodeRequest("ec2", "StopInstances", &request{"k"})
	if err != nil || string(out.Body) != "Action=StopInstances&Version=2016-11-15&Name=k" {
		t.Errorf("ec2: %s %v", out.Body, err)
	}
	if _, err = EncodeRequest("s4", "X", &request{}); err == nil || !strings.Contains(err.Error(), "known are autoscaling, cloudtrail, ") {
		t.Errorf("unknown service: %v", err)
	}
}
